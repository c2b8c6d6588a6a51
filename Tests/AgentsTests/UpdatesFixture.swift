import Tensors

import struct Foundation.Data
import class Foundation.JSONDecoder
import struct Foundation.URL

/// What scripts/fixtures/agent_updates.py computed in double precision.
struct UpdatesFixture: Decodable {
  struct Numbers: Decodable {
    var shape: [Int]
    var values: [Float]
    func tensor() throws -> Tensor { try Tensor(values, shape: shape) }
  }
  typealias State = [String: Numbers]

  struct Transitions: Decodable {
    var observation, action, next_observation, reward, alive, steps: Numbers
  }
  /// Of the standard normal, and a decision in [-1, 1].
  struct Draws: Decodable { var noise, next_noise, squashed: Numbers }
  struct Target: Decodable {
    /// Of a subset's least; empty for all of them.
    var heads: [Int]
    var values: Numbers
  }
  struct Case: Decodable {
    var name, kind, batch: String
    var networks: [String: String]
    var size: Int
    var targets: [Target]
    var critic_loss: Float
    var critic_gradients: State
    var action, log_prob: Numbers
    var ent_coef_loss, ent_coef_gradient, log_ent_coef: Float
    var actor_loss: Float
    var actor_gradients: State
    var distillation_loss: Float?
    var distillation_gradients: State?
    var executed: Numbers
  }

  var policy: State
  var networks: [String: State]
  var batches: [String: Transitions]
  var draws: [String: Draws]
  var cases: [Case]

  static let stored: Result<UpdatesFixture, any Error> = Result { try read("updates") }

  static func read<T: Decodable>(_ name: String) throws -> T {
    let folder = "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/") + "/Fixtures/agents/"
    return try JSONDecoder().decode(T.self, from: Data(contentsOf: URL(filePath: folder + name + ".json")))
  }
}

extension [String: UpdatesFixture.Numbers] {
  func tensors() throws -> [String: Tensor] { try mapValues { try $0.tensor() } }
}

/// The largest difference in parts of the largest wanted number, which counts at least `floor`; infinite where shapes differ.
func relativeDistance(_ got: Tensor?, _ wanted: UpdatesFixture.Numbers, floor: Float = 1e-6) -> Float {
  guard let got, got.shape == wanted.shape else { return .infinity }
  let scale = wanted.values.reduce(floor) { max($0, abs($1)) }
  return zip(got.values, wanted.values).reduce(0) { largest, pair in
    let difference = abs(pair.0 - pair.1) / scale
    return difference.isNaN ? .infinity : max(largest, difference)
  }
}

func relativeDistance(_ got: Float, _ wanted: Float) -> Float { abs(got - wanted) / max(abs(wanted), 1e-3) }

/// Of all gradients the one that is farthest off; a gradient that is nearly nothing beside the others counts as a hundredth of the largest.
func relativeDistance(_ parameters: [(name: String, tensor: Tensor)], _ wanted: UpdatesFixture.State) -> Float {
  guard Set(parameters.map(\.name)) == Set(wanted.keys) else { return .infinity }
  let largest = wanted.values.flatMap(\.values).reduce(0) { max($0, abs($1)) }
  return parameters.reduce(0) { distance, parameter in
    max(distance, wanted[parameter.name].map { relativeDistance(parameter.tensor.grad, $0, floor: 0.01 * largest) } ?? .infinity)
  }
}
