import Glibc
import Tensors

/// Numbers of a simulation, read where MuJoCo leaves them after a step; they live as long as their model.
///
/// What is derived from the position (bodies' places, forces) is that of the last simulation step's beginning, as it is for Gymnasium.
struct Reading {
  enum Quantity {
    /// qpos, qvel.
    case position, velocity
    /// Of every body, the world first: cinert (10 numbers), cvel (6), cfrc_ext (6).
    case bodyInertia, bodyVelocity, contactForces
    /// Of every degree of freedom: qfrc_actuator, qfrc_constraint.
    case actuatorForces, constraintForces
    /// Of a body's frame, 3 numbers: xpos.
    case body(BodyReference)
    /// The first site's place, 3 numbers: site_xpos.
    case firstSite
  }

  enum Map {
    case same, sine, cosine
    case clip(Interval)
  }

  private let start: UnsafePointer<Double>
  let count: Int
  /// What is subtracted, as many numbers.
  private var subtracted: UnsafePointer<Double>?
  private var map = Map.same

  /// `quantity` of `model` from element `first` on, `count` of them or all that follow. Throws where the model has fewer.
  init(_ model: MuJoCoModel, _ quantity: Quantity, from first: Int = 0, count: Int? = nil, _ map: Map = .same) throws {
    let all = try model.numbers(quantity)
    let wanted = first + (count ?? 1)
    guard first >= 0, all.count >= wanted, let base = all.baseAddress else {
      throw UsageError("the task wants a model with \(wanted) numbers of \(quantity) or more, \(model.path) has \(all.count)")
    }
    start = UnsafePointer(base + first)
    self.count = count ?? all.count - first
    self.map = map
  }

  /// From the place of one body to that of another, in its first `count` coordinates.
  init(_ model: MuJoCoModel, from origin: String, to body: String, count: Int = 3) throws {
    try self.init(model, .body(.name(body)), count: count)
    subtracted = try Reading(model, .body(.name(origin)), count: count).start
  }

  subscript(index: Int) -> Double {
    let raw = start[index] - (subtracted?[index] ?? 0)
    return switch map {
    case .same: raw
    case .sine: sin(raw)
    case .cosine: cos(raw)
    case .clip(let interval): interval.clip(raw)
    }
  }

  /// Writes all numbers to `target`.
  func write(to target: UnsafeMutablePointer<Double>) {
    if case .same = map, subtracted == nil { return target.update(from: start, count: count) }
    for index in 0..<count { target[index] = self[index] }
  }

  var sumOfSquares: Double {
    var sum = 0.0
    for index in 0..<count { sum += self[index] * self[index] }
    return sum
  }
}

/// A body of a model, by MuJoCo's number (0 is the world) or by name.
public enum BodyReference: Codable, Equatable, Sendable {
  case index(Int)
  case name(String)

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    do { self = .index(try container.decode(Int.self)) } catch {
      do { self = .name(try container.decode(String.self)) } catch {
        throw DecodingError.dataCorruptedError(in: container, debugDescription: "neither a number nor a name")
      }
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .index(let index): try container.encode(index)
    case .name(let name): try container.encode(name)
    }
  }
}

/// From `low` to `high`; the ends belong to it where it is closed.
struct Interval: CustomStringConvertible {
  var low = -Double.infinity
  var high = Double.infinity
  var isClosed = false

  /// The finite numbers.
  static let finite = Interval()

  init(low: Double = -.infinity, high: Double = .infinity, isClosed: Bool = false) { (self.low, self.high, self.isClosed) = (low, high, isClosed) }

  /// Of an option {low, high}; throws unless it is two numbers in order.
  init(_ range: [Double], option: String, isClosed: Bool = false) throws {
    guard range.count == 2, range[0] < range[1] else { throw UsageError("\(option) wants {low, high}, got \(range)") }
    self.init(low: range[0], high: range[1], isClosed: isClosed)
  }

  func contains(_ value: Double) -> Bool { isClosed ? low <= value && value <= high : low < value && value < high }
  func clip(_ value: Double) -> Double { min(max(value, low), high) }

  var description: String { (isClosed ? "[" : "(") + "\(Box.short(low)), \(Box.short(high))" + (isClosed ? "]" : ")") }
}
