import Glibc
import Tensors

// The loops over parameter memory: one pass each, in place.

/// So many elements are worth a thread of their own.
private let threadShare = 1 << 16

/// Pointers that worker threads share; each works on a range of its own.
private struct Pointers: @unchecked Sendable {
  let parameter: UnsafeMutablePointer<Float>
  let gradient: UnsafePointer<Float>
  var first: UnsafeMutablePointer<Float>?
  var second: UnsafeMutablePointer<Float>?
}

/// Adam's numbers for one step, the bias corrections and the clipping done.
struct AdamStep: Sendable {
  /// Multiplies the gradient: the clipping.
  var gradientScale: Float
  var beta1: Float
  var beta2: Float
  /// learningRate / (1 - beta1^t)
  var stepSize: Float
  /// 1 / √(1 - beta2^t)
  var secondScale: Float
  var epsilon: Float
  /// Added to the gradient as decay · parameter (L2).
  var coupledDecay: Float
  /// Multiplies the parameter before the step: 1 - learningRate · decay (AdamW).
  var shrink: Float
}

/// Kingma and Ba 2015, algorithm 1, with either kind of weight decay.
func adamStep(_ parameter: Tensor, _ gradient: Tensor, _ first: Tensor, _ second: Tensor, _ step: AdamStep) throws {
  try onPointers(parameter, gradient, first, second) { pointers, range in
    guard let first = pointers.first, let second = pointers.second else { return }
    let start = range.lowerBound
    adamLoop(pointers.parameter + start, pointers.gradient + start, first + start, second + start, range.count, step)
  }
}

private func adamLoop(
  _ p: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>, _ m: UnsafeMutablePointer<Float>, _ v: UnsafeMutablePointer<Float>,
  _ count: Int, _ step: AdamStep
) {
  let (keep1, new1) = (step.beta1, 1 - step.beta1)
  for i in 0..<count {
    let slope = g[i] * step.gradientScale + step.coupledDecay * p[i]
    let moved = keep1 * m[i] + new1 * slope
    let mean = moved * moved > 1e-36 ? moved : 0  // without a gradient it would decay into denormals, which cost 100 cycles each
    let square = step.beta2 * v[i] + (1 - step.beta2) * slope * slope
    m[i] = mean
    v[i] = square
    p[i] = step.shrink * p[i] - step.stepSize * mean / (square.squareRoot() * step.secondScale + step.epsilon)
  }
}

/// v <- momentum v + g; p <- p - rate v, or with `nesterov` p - rate (g + momentum v). PyTorch's SGD: without dampening, the first
/// velocity the gradient itself.
func sgdStep(
  _ parameter: Tensor, _ gradient: Tensor, _ velocity: Tensor?, scale: Float, momentum: Float, nesterov: Bool, rate: Float, decay: Float
) throws {
  try onPointers(parameter, gradient, velocity, nil) { pointers, range in
    let (p, g) = (pointers.parameter, pointers.gradient)
    if let v = pointers.first {
      let (straight, ahead): (Float, Float) = nesterov ? (1, momentum) : (0, 1)
      for i in range {
        let slope = g[i] * scale + decay * p[i]
        v[i] = momentum * v[i] + slope
        p[i] -= rate * (straight * slope + ahead * v[i])
      }
    } else {
      for i in range { p[i] -= rate * (g[i] * scale + decay * p[i]) }
    }
  }
}

/// target <- target + tau (source - target)
func polyakStep(_ target: Tensor, _ source: Tensor, tau: Float) throws {
  try onPointers(target, source, nil, nil) { pointers, range in
    let (p, g) = (pointers.parameter, pointers.gradient)
    for i in range { p[i] += tau * (g[i] - p[i]) }
  }
}

/// Σ x², in double precision over lanes of sixteen.
func sumOfSquares(_ x: Tensor) -> Double {
  let span = Profile.Span(#function); defer { span.end() }
  return x.withPointer { p in
    var total = 0.0
    let count = x.count
    var start = 0
    while start < count {
      let end = min(start + 4096, count)
      var lanes = SIMD16<Float>.zero
      var i = start
      while i + 16 <= end {
        let block = UnsafeRawPointer(p + i).loadUnaligned(as: SIMD16<Float>.self)
        lanes += block * block
        i += 16
      }
      var sum = lanes.sum()
      while i < end {
        sum += p[i] * p[i]
        i += 1
      }
      total += Double(sum)
      start = end
    }
    return total
  }
}

/// Runs `body` over the elements' ranges, on several threads where it pays. All tensors have as many elements.
@inline(__always)
private func onPointers(
  _ parameter: Tensor, _ gradient: Tensor, _ first: Tensor?, _ second: Tensor?,
  operation: StaticString = #function, _ body: @Sendable (Pointers, Range<Int>) -> Void
) throws {
  let span = Profile.Span(operation); defer { span.end() }
  let count = parameter.count
  precondition(gradient.count == count && (first?.count ?? count) == count && (second?.count ?? count) == count)
  try parameter.withMutablePointer { p in
    try gradient.withPointer { g in
      var pointers = Pointers(parameter: p, gradient: g)
      pointers.first = first?.withMutablePointer { $0 }
      pointers.second = second?.withMutablePointer { $0 }
      let shared = pointers
      try withExtendedLifetime((first, second)) {
        try Threads.parallel(rows: count, minimum: threadShare) { range in body(shared, range) }
      }
    }
  }
}
