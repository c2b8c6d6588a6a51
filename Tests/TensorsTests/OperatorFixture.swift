import Files
@testable import Tensors

/// What PyTorch computed in float64; scripts/fixtures/tensor_ops.py writes it.
struct OperatorFixture: Decodable {
  struct Number: Decodable {
    var value: Double
    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let value = try? container.decode(Double.self) { self.value = value; return }
      switch try container.decode(String.self) {
      case "nan": value = .nan
      case "inf": value = .infinity
      default: value = -.infinity
      }
    }
  }
  struct Numbers: Decodable {
    var shape: [Int]
    var values: [Number]
    func tensor() throws -> Tensor { try Tensor(values.map { Float($0.value) }, shape: shape) }
  }
  struct Case: Decodable {
    var op: String
    var numbers: [Number]
    var inputs: [Numbers]
    var results: [Numbers]
    var seed: Numbers?
    /// dL/dinput for L = Σ result · seed; nil for an input that only chooses.
    var gradients: [Numbers?]?
    /// Whether finite differences tell the derivative.
    var smooth: Bool?
    /// A dimension of the first input along which all entries are one.
    var expanded: Int?

    func run(_ inputs: [Tensor]) throws -> [Tensor] {
      guard let operation = operators[op] else { throw UsageError("the table of operators lacks \(op)") }
      return try operation(inputs, numbers.map(\.value))
    }
  }

  var cases: [Case]

  static let folder = #filePath.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } + "/Fixtures"
  static func read() throws -> OperatorFixture {
    let path = folder + "/tensor_ops.json"
    return try JSON.decode(OperatorFixture.self, from: try readBytes(path), source: path)
  }
}

/// Ways for the same numbers to lie in memory.
enum Layout: CaseIterable, Sendable {
  case packed, transposed, narrowed, strided, expanded

  private static let padding: Float = 99

  /// `values` in this layout, and the whole memory it lies in; nil where that makes no difference.
  func place(_ values: Tensor, expanded dim: Int?) throws -> (tensor: Tensor, whole: Tensor)? {
    let dims = Array(0..<values.rank)
    switch self {
    case .packed: return (values.clone(), values)
    case .transposed:
      guard values.rank > 1 else { return nil }
      let memory = try values.permute(dims.reversed()).clone()
      return (try memory.permute(dims.reversed()), memory)
    case .narrowed, .strided:
      guard values.rank > 0 else { return nil }
      let whole = Tensor.full(Layout.padding, values.shape.map { self == .narrowed ? $0 + 2 : 2 * $0 + 1 })
      let part = try dims.reduce(whole) { try $0.narrow($1, 1, values.shape[$1], step: self == .narrowed ? 1 : 2) }
      return (try part.copy_(values), whole)
    case .expanded:
      guard let dim else { return nil }
      let row = try values.narrow(dim, 0, 1).clone()
      return (try row.expand(to: values.shape), row)
    }
  }

  /// How many of `whole`'s elements nobody should have touched.
  static func untouched(_ whole: Tensor) -> Int { whole.values.count { $0 == padding } }
}
