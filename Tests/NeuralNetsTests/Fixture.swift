import Files
import Tensors

@testable import NeuralNets

/// What PyTorch computed; scripts/fixtures/torch_nets.py and torch_layers.py write it.
struct Fixture: Decodable {
  struct Numbers: Decodable {
    var shape: [Int]
    var values: [Float]
    func tensor() throws -> Tensor { try Tensor(values, shape: shape) }
  }
  struct Layer: Decodable {
    var name: String
    var config: [String: JSON]
    var x: Numbers
    var y: Numbers
    /// L = Σ y · weights.
    var weights: Numbers
    /// dL/dx
    var grad: Numbers
    /// The second input and dL/d of it, where there is one.
    var condition: Numbers?
    var condition_grad: Numbers?
    var parameters: [String: Numbers]
    var gradients: [String: Numbers]
  }
  struct Optimiser: Decodable {
    var name: String
    var start: [Numbers]
    var target: [Numbers]
    var curvature: [Numbers]
    var path: [[Numbers]]
    var norms: [Float]
  }

  var layers: [Layer]
  var optimisers: [Optimiser]
  var schedules: [String: [Float]]

  static let folder = #filePath.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } + "/Fixtures"

  static func read(_ name: String = "torch_nets") throws -> Fixture {
    let path = folder + "/\(name).json"
    return try JSON.decode(Fixture.self, from: try readBytes(path), source: path)
  }
}

extension JSON {
  var int: Int? { number.map { Int($0) } }
  var ints: [Int]? { array?.compactMap(\.int) }
  var isTrue: Bool { self == .bool(true) }
}

/// The largest difference, relative where the wanted number is beyond 1; infinite where shapes differ or a number is none.
func distance(_ got: Tensor?, _ wanted: Tensor) -> Float {
  guard let got, got.shape == wanted.shape else { return .infinity }
  return zip(got.values, wanted.values).map { got, wanted in
    let difference = abs(got - wanted) / max(1, abs(wanted))
    return difference.isNaN ? .infinity : difference
  }.max() ?? 0
}

/// The message of the UsageError that `body` throws; nil where it throws none.
func complaint(_ body: () throws -> Void) -> String? {
  do {
    try body()
    return nil
  } catch let error as UsageError {
    return error.description
  } catch {
    return "not a UsageError: \(error)"
  }
}
