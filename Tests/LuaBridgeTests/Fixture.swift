@testable import LuaBridge

/// Counts what is alive; one per test, because tests run at the same time.
final class Census {
  var alive = 0
  var peak = 0
  func born() {
    alive += 1
    peak = max(peak, alive)
  }
}

/// A vector that scripts can hold.
final class Vector: LuaObject, CustomStringConvertible {
  static let luaName = "Vector"
  var values: [Double]
  let census: Census
  var description: String { "Vector\(values)" }

  init(_ values: [Double], _ census: Census) {
    self.values = values
    self.census = census
    census.born()
  }
  deinit { census.alive -= 1 }

  func reshape(_ rows: Int, _ columns: Int) throws -> Vector {
    guard rows * columns == values.count else { throw LuaError("cannot reshape \(values.count) to \(rows)x\(columns)") }
    return self
  }
  func range() -> (Double, Double) { (values.min() ?? 0, values.max() ?? 0) }
  func scale(_ factor: Double) { for i in values.indices { values[i] *= factor } }
}

protocol Animal: AnyObject { func sound() -> String }
final class Cat: Animal { func sound() -> String { "meow" } }
final class Dog: Animal, LuaCloseable {
  var closed = false
  func sound() -> String { "woof" }
  func luaClose() { closed = true }
}

struct Training: Options {
  enum Solver: String, Codable, CaseIterable { case euler, heun }
  struct Critic: Options {
    var ensemble = 2
    var learningRate: Float = 3e-4
  }
  struct Layer: Codable { var size: Int }
  var tau = 0.005
  var discount: Float = 0.99
  var steps = 1000
  var hidden = [256, 256]
  var solver = Solver.heun
  var targetEntropy: Double?
  var seed: UInt8 = 1
  var verbose = false
  var name = "run"
  var critic = Critic()
  var layers: [Layer] = []
}

final class World {
  let lua: Interpreter
  let census = Census()
  var lastDog: Dog?
  var function: LuaFunction?

  init() throws {
    lua = try Interpreter()
    declareVector()
    lua.type("Animal", of: (any Animal).self) { t in t.method("sound", "() -> string", "What it says.") { (a: any Animal) in a.sound() } }
    declareFunctions()
  }

  private func declareVector() {
    let census = census
    typealias Operand = Either<Vector, Double>
    func zip(_ a: Operand, _ b: Operand, _ f: (Double, Double) -> Double) throws -> Vector {
      switch (a, b) {
      case (.first(let x), .first(let y)):
        guard x.values.count == y.values.count else { throw LuaError("cannot combine \(x.values.count) with \(y.values.count)") }
        return Vector(Swift.zip(x.values, y.values).map(f), census)
      case (.first(let x), .second(let y)): return Vector(x.values.map { f($0, y) }, census)
      case (.second(let x), .first(let y)): return Vector(y.values.map { f(x, $0) }, census)
      case (.second(let x), .second(let y)): return Vector([f(x, y)], census)
      }
    }
    lua.type(Vector.self, doc: "Numbers in a row.") { t in
      t.method("reshape", "(rows: integer, columns: integer) -> Vector", "The same numbers.", Vector.reshape)
      t.method("range", "() -> number, number", "Smallest and largest.", Vector.range)
      t.method("scale", "(factor: number)", "Multiplies in place.", Vector.scale)
      t.method("sum", "() -> number", "The sum.") { (v: Vector) in v.values.reduce(0, +) }
      t.property("count", "integer", "How many.") { $0.values.count }
      t.property("first", "number", "The first.", get: { $0.values[0] }, set: { $0.values[0] = $1 })
      t.metamethod(.add, "(a, b) -> Vector", "Sum.") { (a: Operand, b: Operand) in try zip(a, b, +) }
      t.metamethod(.sub, "(a, b) -> Vector", "Difference.") { (a: Operand, b: Operand) in try zip(a, b, -) }
      t.metamethod(.len, "(v) -> integer", "How many.") { (v: Vector) in v.values.count }
      t.metamethod(.eq, "(a, b) -> boolean", "Same numbers.") { (a: Vector, b: Vector) in a.values == b.values }
      t.metamethod(.call, "(x) -> number", "Adds x to the sum.") { (v: Vector, x: Double) in v.values.reduce(x, +) }
      t.index("(i: integer) -> number", "An element, from 1.") { (v: Vector, i: Int) throws -> Double in
        guard v.values.indices.contains(i - 1) else { throw LuaError("index \(i) out of 1...\(v.values.count)") }
        return v.values[i - 1]
      }
      t.newIndex("(i: integer, value: number)", "Sets an element.") { (v: Vector, i: Int, x: Double) in v.values[i - 1] = x }
    }
  }

  private func declareFunctions() {
    let census = census
    lua.installModule("t", global: true)
    lua.module("t") { m in
      m.function("vector", "(...) -> Vector", "A vector.") { (values: [Double]) in Vector(values, census) }
      m.function("add", "(a: number, b: number) -> number", "Sum.") { (a: Double, b: Double) in a + b }
      m.function("integer", "(i: integer) -> integer", "Itself.") { (i: Int) in i }
      m.function("text", "(s: string) -> string, integer", "Itself and its length.") { (s: String) in (s, s.utf8.count) }
      m.function("flag", "(b: boolean) -> boolean", "Not.") { (b: Bool) in !b }
      m.function("maybe", "(x?: number) -> number?", "Itself.") { (x: Double?) in x }
      m.function("echo", "(...) -> ...", "Its arguments.") { (rest: LuaRest) in rest }
      m.function("rest", "(first: integer, ...) -> integer", "How many follow.") { (first: Int, rest: LuaRest) in rest.values.count }
      m.function("same", "(value) -> value", "Itself, not a copy.") { (value: LuaReference) in value }
      m.function("map", "(t: table) -> table", "Named numbers.") { (t: [String: Double]) in t.mapValues { $0 * 2 } }
      m.function("call", "(f: function, ...) -> ...", "Calls f.") { (f: LuaFunction, rest: LuaRest) throws -> LuaRest in
        LuaRest(try f.call(passing: rest.values))
      }
      m.function("keep", "(f: function)", "Keeps f.") { [unowned self] (f: LuaFunction) in function = f }
      m.function("animal", "(kind: string) -> Animal", "An animal.") { [unowned self] (kind: String) throws -> Live<any Animal> in
        if kind == "dog" { lastDog = Dog() }
        return Live(kind == "dog" ? lastDog ?? Dog() : Cat())
      }
      m.function("train", "(options: table) -> string", "Shows the options.", options: Training.self) { (t: LuaTable) throws -> String in
        try t.decode(Training.self).luaTable().description
      }
      m.function("agent", "(options: table) -> number", "Takes live objects.") { (t: LuaTable) throws -> Double in
        var t = t
        let vector: Vector = try t.take("vector")
        let animal: (any Animal)? = try t.takeOptional("animal")
        let weight: Double = try t.takeOptional("weight") ?? 1
        let options = try t.decode(Training.self)
        return vector.values.reduce(0, +) * weight + options.tau + (animal == nil ? 0 : 100)
      }
      m.function("grow", "(count: integer) -> table", "Makes a big table, from Swift.") { (count: Int) in
        (0..<count).map { "\($0) is a string long enough to be worth counting" }
      }
    }
  }

  /// The results, as a script would write them.
  func results(_ source: String) throws -> String { try lua.run(source).map(\.description).joined(separator: ", ") }
  func message(_ source: String) -> String {
    do { return "no error: \(try results(source))" } catch { return "\(error)" }
  }
}
