import Foundation
import Testing

@testable import LuaBridge

struct ChunkTests {
  @Test(arguments: [
    "return load(string.dump(function() end))", "return load(string.dump(function() end), 'x', 'b')",
    "return load(string.dump(function() end), 'x', 'bt')", "return loadfile(bytecode)", "return loadfile(bytecode, 'b')",
    "return pcall(dofile, bytecode)", "return pcall(require, 'bytecode')",
  ]) func bytecodeIsRefused(source: String) throws {
    let world = try World()
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
    try world.lua.setGlobal("bytecode", folder.path + "/bytecode.lua")
    world.lua.searchPath = folder.path + "/?.lua"
    try world.lua.run("local f = io.open(bytecode, 'wb'); f:write(string.dump(function() return 1 end)); f:close()")
    #expect(try world.results(source).contains("attempt to load a binary chunk"))
    #expect(throws: LuaError.self) { try world.lua.run(file: folder.path + "/bytecode.lua") }
  }

  @Test(arguments: [
    ("return load('return ...')(5)", "5"),
    ("return load('return x', 'name', 't', {x = 3})()", "3"),
    ("return load('return x', 'name', 't', nil)", "function"),
    ("return load('x =', '=name')", "nil, \"name:1: unexpected symbol near <eof>\""),
    ("return load('return 1', 'x', 'b')", "nil, \"attempt to load a text chunk (mode is '')\""),
    ("local n = 0; return load(function() n = n + 1; return ({'return ', '8'})[n] end)()", "8"),
    ("return loadfile(text)(1, 2)", "\"module\", 1, 2"),
    ("return loadfile(text, 't', {})", "function"),
    ("return dofile(text)", "\"module\""),
    ("local c = coroutine.wrap(function() return dofile(yielding) end); return c(), c(4)", "3, 4"),
    ("return require 'module'", "\"module\", \"FOLDER/module.lua\""),
    ("return (select(2, pcall(require, 'broken'))):match('error loading module .broken. from file') ~= nil", "true"),
    ("return (select(2, pcall(require, 'absent'))):match('no file .FOLDER/absent.lua') ~= nil", "true"),
    ("return require 't' == t, require 'inner'.x, require 'inner'.x", "true, 1, 1"),
  ]) func textIsLoaded(source: String, expected: String) throws {
    let world = try World()
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
    for (name, text) in [("module", "return 'module', ..."), ("broken", "x ="), ("yielding", "return coroutine.yield(3)")] {
      try text.write(toFile: folder.path + "/\(name).lua", atomically: true, encoding: .utf8)
    }
    try world.lua.preload("inner", source: "count = (count or 0) + 1; return {x = count}", chunk: "@inner.lua")
    try world.lua.setGlobal("text", folder.path + "/module.lua")
    try world.lua.setGlobal("yielding", folder.path + "/yielding.lua")
    world.lua.searchPath = folder.path + "/?.lua"
    let escaped = folder.path.replacing("-", with: "%-")
    let result = try world.results(source.replacing("FOLDER", with: escaped))
    #expect(result == expected.replacing("FOLDER", with: folder.path))
    #expect(world.lua.searchPath == folder.path + "/?.lua")
  }

  @Test func compileTellsUnfinishedFromWrong() throws {
    let world = try World()
    func kind(_ source: String) -> String {
      switch world.lua.compile(source) {
      case .complete: "complete"
      case .incomplete: "incomplete"
      case .failed(let error): error.message
      }
    }
    #expect(kind("x = 1") == "complete")
    #expect(kind("for i = 1, 2 do") == "incomplete")
    #expect(kind("x = [[") == "incomplete")
    #expect(kind("x = = 1") == "prompt:1: unexpected symbol near '='")
  }

  @Test func fileGetsItsArguments() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    try "#!/usr/bin/env dsrl-lua\nreturn select('#', ...), ...".write(toFile: path, atomically: true, encoding: .utf8)
    #expect(try World().lua.run(file: path, arguments: ["a", "b"]).description == "[2, \"a\", \"b\"]")
    try FileManager.default.removeItem(atPath: path)
    #expect(throws: LuaError.self) { try World().lua.run(file: path) }
  }
}

struct RegistryTests {
  @Test func everyNameIsThere() throws {
    let world = try World()
    let registry = world.lua.registry
    #expect(registry.find("t.add")?.signature == "(a: number, b: number) -> number")
    #expect(registry.find("t.add")?.doc == "Sum.")
    #expect(registry.find("Vector")?.kind == .type)
    #expect(registry.find("Vector:reshape")?.kind == .method)
    #expect(registry.find("Vector.count")?.kind == .property)
    #expect(registry.members(of: "Vector").map(\.shortName).prefix(3) == ["reshape", "range", "scale"])
    #expect(registry.nearest(to: "t.ad")?.name == "t.add")
    #expect(try registry.find("t.train")?.options?.init().described().first?.name == "tau")
  }

  @Test func modulesNest() throws {
    let world = try World()
    try world.lua.module("a.b.c") { m in try m.value("version", "string", "Which.", "1.0") }
    #expect(try world.results("return require('a').b.c.version, require 'a.b.c' == require('a').b.c, a") == "\"1.0\", true, nil")
    #expect(world.lua.registry.find("a.b.c.version")?.kind == .value)
  }

  @Test func functionsWrittenInLuaJoin() throws {
    let world = try World()
    guard case .function(let double) = try world.lua.run("return function(self) self:scale(2); return self end").first else { return #expect(Bool(false)) }
    try world.lua.attach(to: "Vector", "double", "() -> Vector", "Doubles.", double)
    try world.lua.attach(to: "t", "double", "(v: Vector) -> Vector", "Doubles.", double)
    #expect(try world.results("return t.vector{1}:double():sum(), t.double(t.vector{2}):sum()") == "2.0, 4.0")
    #expect(world.lua.registry.find("Vector:double")?.doc == "Doubles.")
    #expect(world.lua.registry.find("t.double")?.kind == .function)
    #expect(throws: LuaError("no type or module is called 'nothing'")) { try world.lua.attach(to: "nothing", "x", "", "", double) }
  }
}
