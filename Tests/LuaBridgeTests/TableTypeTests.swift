import Testing

@testable import LuaBridge

@Suite struct TableTypeTests {
  private func session(_ census: Census) throws -> Interpreter {
    let lua = try Interpreter()
    let call = try lua.load("return function(self, x) return self.factor * x end").callForReferences()[0]
    try lua.setGlobal("call", call)
    guard case .function(let function) = try call.value() else { throw LuaError("no function") }
    var failure: (any Error)?
    lua.type(Vector.self) { t in
      t.fields("(name: string) -> number", "Its x and y.") { (v: Vector, name: String) in ["x": v.values[0], "y": v.values[1]][name] }
      t.method("kind", "() -> string", "Which of both it is.", on: LuaReference.self) { try $0.object is Vector ? "vector" : try $0.isTable(of: "Vector") ? "table" : "neither" }
      do { try t.tables(call: function) { "Vector of \(try $0.parts().count) parts" } } catch { failure = error }
    }
    if let failure { throw failure }
    lua.module("test") { m in
      m.function("adopt", "(t: table) -> table", "") { (t: LuaReference) throws -> LuaReference in
        try t.adopt(as: "Vector")
        try t.setRaw("factor", 3)
        return t
      }
      m.function("vector", "() -> Vector", "") { Vector([1, 2], census) }
      m.function("parts", "(t: table) -> string", "") { (t: LuaReference) in
        try t.parts().map { part in
          switch part.key {
          case .index(let i): "[\(i)]"
          case .name(let name): name
          }
        }.joined(separator: " ")
      }
      m.function("plain", "(t: any) -> boolean", "") { (t: LuaReference) in try t.isPlainTable }
      m.function("alike", "(a: table, b: table) -> boolean", "") { (a: LuaReference, b: LuaReference) in try a.address == b.address }
    }
    try lua.run("test = require 'test'")
    return lua
  }

  @Test func tablesAndObjectsAnswerAlike() throws {
    let lua = try session(Census())
    let table: [(String, String)] = [
      ("return test.vector():kind(), test.adopt{}:kind(), test.adopt{}.kind(5)", "[\"vector\", \"table\", \"neither\"]"),
      ("local t = test.adopt{a = 1} t.b = 2 return t.a + t.b, t(5), t.nothing", "[3, 15, nil]"),
      ("return tostring(test.adopt{{}, {}, x = test.vector(), 3}), getmetatable(test.adopt{})", "[\"Vector of 3 parts\", false]"),
      ("return test.parts{[3] = {}, [1] = {}, b = {}, a = test.vector(), c = 1, [2.5] = {}, [true] = {}}, test.parts{}", "[\"[1] [3] a b\", \"\"]"),
      ("local v = test.vector() return v.x, v.y", "[1.0, 2.0]"),
      ("local t = {} return test.plain(t), test.plain(test.adopt(t)), test.plain(3), test.alike(t, t), test.alike(t, {})", "[true, false, false, true, false]"),
      ("local t = test.adopt{} return test.adopt(t) == t", "[true]"),
    ]
    for (source, wanted) in table { #expect(try "\(lua.run(source))" == wanted, "\(source)") }
  }

  @Test func whatIsNoTableIsRefused() throws {
    let lua = try session(Census())
    let table: [(String, String)] = [
      ("test.adopt(3)", "table expected, got number"), ("test.adopt(setmetatable({}, {}))", "a plain table expected, got one with a metatable"),
      ("test.vector().z = 1", "Vector has no field 'z'"), ("test.vector().x = 1", "field 'x' of Vector cannot be assigned"),
      ("return test.vector().z", "Vector has no field 'z'"), ("setmetatable(test.adopt{}, nil)", "cannot change a protected metatable"),
    ]
    for (source, wanted) in table {
      let error = #expect(throws: LuaError.self) { try lua.run(source) }
      #expect(error?.message.contains(wanted) == true, "\(source): \(error?.message ?? "")")
    }
  }
}
