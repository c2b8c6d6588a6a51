import Tensors

/// One number for every coordinate of the noise, or one for each.
public enum Coordinates: Equatable, Sendable {
  case all(Double)
  /// [latent].
  case each([Double])

  public var values: [Double] {
    switch self {
    case .all(let value): [value]
    case .each(let values): values
    }
  }

  /// √ of the mean square.
  var rms: Double {
    if case .all(let value) = self { return abs(value) }
    return (values.reduce(0) { $0 + $1 * $1 } / Double(max(values.count, 1))).squareRoot()
  }

  func map(_ body: (Double) -> Double) -> Coordinates {
    switch self {
    case .all(let value): .all(body(value))
    case .each(let values): .each(values.map(body))
    }
  }

  /// [n, latent] times them, and plus them.
  func times(_ x: Tensor) throws -> Tensor {
    switch self {
    case .all(let value): value == 1 ? x : Float(value) * x
    case .each(let values): try x * Tensor(values.map { Float($0) })
    }
  }
  func plus(_ x: Tensor) throws -> Tensor {
    switch self {
    case .all(let value): value == 0 ? x : x + Float(value)
    case .each(let values): try x + Tensor(values.map { Float($0) })
    }
  }

  /// Throws where there is neither one number nor one for each of `size`.
  func check(_ name: String, size: Int) throws {
    guard case .each(let values) = self, values.count != size else { return }
    throw UsageError("\(name) wants a number, or one for each of the \(size) of the noise, got \(values.count)")
  }
}

extension Coordinates: CustomStringConvertible {
  public var description: String {
    if case .all(let value) = self { return "\(value)" }
    return "\(values)"
  }
}

extension Coordinates: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  public init(floatLiteral value: Double) { self = .all(value) }
  public init(integerLiteral value: Int) { self = .all(Double(value)) }
}

extension Coordinates: Codable {
  /// As a number, or as a list of them.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    do { self = .all(try container.decode(Double.self)) } catch {
      do { self = .each(try container.decode([Double].self)) } catch {
        throw DecodingError.typeMismatch(Coordinates.self, .init(codingPath: decoder.codingPath, debugDescription: "a number or a list of numbers"))
      }
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .all(let value): try container.encode(value)
    case .each(let values): try container.encode(values)
    }
  }
}
