import LuaBridge
import Tensors

/// Where an environment written in Lua draws its random numbers from.
final class RandomObject: LuaObject, CustomStringConvertible {
  static let luaName = "Random"
  var stream: RandomStream

  init(_ stream: RandomStream) { self.stream = stream }
  var description: String { "Random" }

  func uniform(_ low: Double?, _ high: Double?) throws -> Double {
    let (low, high) = (low ?? 0, high ?? 1)
    try checkEnds(low, high)
    return stream.uniform(low, high)
  }

  func normal(_ mean: Double?, _ std: Double?) -> Double { (mean ?? 0) + (std ?? 1) * stream.normal() }

  /// Both ends belong to it, as for math.random.
  func integer(_ low: Int, _ high: Int?) throws -> Int {
    let (low, high) = high.map { (low, $0) } ?? (1, low)
    let (width, overflow) = high.subtractingReportingOverflow(low)
    guard width >= 0, !overflow, width < .max else { throw UsageError("integer wants low <= high, got \(low) and \(high)") }
    return low + stream.integer(below: width + 1)
  }
}

/// Where environments that step together in tensors draw theirs from: every row from its own stream.
final class RandomRowsObject: LuaObject, CustomStringConvertible {
  static let luaName = "RandomRows"
  var streams: [RandomStream]
  /// The rows that draw now.
  var rows: [Int]

  init(_ streams: [RandomStream]) { (self.streams, rows) = (streams, Array(streams.indices)) }
  var description: String { "RandomRows(\(rows.count))" }

  func uniform(_ width: Int, _ low: Double?, _ high: Double?) throws -> Tensor {
    let (low, high) = (low ?? 0, high ?? 1)
    try checkEnds(low, high)
    return try filled(width) { $0.uniform(low, high) }
  }

  func normal(_ width: Int) throws -> Tensor { try filled(width) { $0.normal() } }

  private func filled(_ width: Int, _ draw: (inout RandomStream) -> Double) throws -> Tensor {
    try checkSize("the width", width)
    return Tensor.filled([rows.count, width]) { target in
      for (place, row) in rows.enumerated() {
        for column in 0..<width { target[place * width + column] = Float(draw(&streams[row])) }
      }
    }
  }
}

private func checkEnds(_ low: Double, _ high: Double) throws {
  guard low <= high, low.isFinite, high.isFinite else { throw UsageError("uniform wants low <= high, got \(low) and \(high)") }
}

func declareRandom(_ t: LuaType<RandomObject>) {
  t.method("uniform", "(low?: number, high?: number) -> number", "Uniform on [low, high); [0, 1) without them.") { (random: RandomObject, low: Double?, high: Double?) throws -> Double in
    try random.uniform(low, high)
  }
  t.method("normal", "(mean?: number, std?: number) -> number", "Normal; standard normal without them.") { (random: RandomObject, mean: Double?, std: Double?) throws -> Double in
    random.normal(mean, std)
  }
  t.method("integer", "(low: integer, high?: integer) -> integer", "Uniform from low to high, both included; from 1 to low without high.") {
    (random: RandomObject, low: Int, high: Int?) throws -> Int in try random.integer(low, high)
  }
}

func declareRandomRows(_ t: LuaType<RandomRowsObject>) {
  t.method("uniform", "(width: integer, low?: number, high?: number) -> Tensor", "[rows, width], uniform on [low, high); every row from its environment's own numbers.") {
    (random: RandomRowsObject, width: Int, low: Double?, high: Double?) throws -> Tensor in try random.uniform(width, low, high)
  }
  t.method("normal", "(width: integer) -> Tensor", "[rows, width], standard normal; every row from its environment's own numbers.") {
    (random: RandomRowsObject, width: Int) throws -> Tensor in try random.normal(width)
  }
}
