import Tensors

@testable import Diffusion

/// What a perfect network says of data ~ N(mean, deviation²), number by number, at every move of a plan.
struct GaussianData {
  var mean = 0.3
  var deviation = 0.5

  func network(_ plan: SamplingPlan) -> (Tensor, Int) throws -> Tensor {
    { x, i in
      let move = plan.moves[i], (a, s, v) = (move.signal, move.noise, deviation * deviation)
      let spread = a * a * v + s * s
      let values: [Float] = x.values.map { scaled in
        let z = Double(scaled) / move.inputScale
        let rest = (z - a * mean) / spread
        // Of a flow the velocity E[x_0 - ε | z], of the others E[x_0 | z].
        let value = move.keep == 1 && move.skip == 0 ? mean + (a * v - s) * rest : mean + a * v * rest
        return Float((value - move.skip * z) / move.out)
      }
      return try Tensor(values, shape: x.shape)
    }
  }
}

/// The largest difference of two tensors of one shape.
func worst(_ a: Tensor, _ b: Tensor) -> Float {
  a.shape == b.shape ? zip(a.values, b.values).map { abs($0 - $1) }.max() ?? 0 : .infinity
}
