import CLua
import Synchronization

/// Keeps any Lua value alive by identity; tables are not copied.
///
/// Sendable only so that errors can carry it: use it on the interpreter's thread. Letting go of it is safe on any.
public final class LuaReference: FromLua, ToLua, @unchecked Sendable {
  private let reference: CInt
  private let released: ReleasedReferences

  /// Takes the value on top of the stack.
  init(popping L: LuaState) {
    released = Interpreter.of(L).released
    released.drain(L)
    reference = luaL_ref(L, shim_registry)
  }
  deinit { released.add(reference) }

  func interpreter() throws -> Interpreter {
    guard let interpreter = released.interpreter else { throw LuaError("the Lua interpreter of this value is gone") }
    return interpreter
  }

  public static var luaExpectation: String { "value" }
  public static func read(_ L: LuaState, at index: CInt) throws -> Self {
    try room(L, 4)
    lua_pushvalue(L, index)
    return Self(popping: L)
  }
  public func push(_ L: LuaState) throws {
    guard try interpreter() === Interpreter.of(L) else { throw LuaError("a value of another Lua interpreter") }
    pushReference(L, reference)
  }

  /// Lua's name of its type: "table", "function", "Tensor".
  public func typeName() throws -> String {
    try peek { L in LuaBridge.typeName(L, -1) }
  }
  /// A copy of its contents.
  public func value() throws -> LuaValue {
    try peek { L in try LuaValue.read(L, at: lua_gettop(L)) }
  }
  /// As `tostring` would say it; runs a script's `__tostring`.
  public func text() throws -> String {
    let lua = try interpreter()
    return try lua.callC(shim_tostring, [self]) { L, index in string(L, index) ?? "" }
  }
  /// self[key], metamethods and all.
  public func get(_ key: any ToLua) throws -> LuaReference {
    let lua = try interpreter()
    return try lua.callC(shim_get, [self, key]) { L, index in try LuaReference.read(L, at: index) }
  }
  /// The raw keys and values of a table, in Lua's order, running no script; empty for anything else. At most `limit` pairs.
  public func pairs(limit: Int = .max) throws -> [(key: LuaReference, value: LuaReference)] {
    try peek { L in
      var pairs: [(LuaReference, LuaReference)] = []
      guard lua_type(L, -1) == LUA_TTABLE else { return pairs }
      let table = lua_gettop(L)
      lua_pushnil(L)
      while pairs.count < limit, lua_next(L, table) != 0 {
        let value = LuaReference(popping: L)
        lua_pushvalue(L, -1)
        pairs.append((LuaReference(popping: L), value))
      }
      return pairs
    }
  }
  /// Whether both are the same value (`rawequal`).
  public func isSame(as other: LuaReference) throws -> Bool {
    try peek { L in
      try other.push(L)
      return lua_rawequal(L, -1, -2) != 0
    }
  }

  /// Runs `body` with the value on top, then restores the stack.
  func peek<R>(_ body: (LuaState) throws -> R) throws -> R {
    let L = try interpreter().L
    try room(L, 8)
    let top = lua_gettop(L)
    defer { lua_settop(L, top) }
    try push(L)
    return try body(L)
  }
}

/// References that Swift let go of, on whatever thread; Lua forgets them when it is next safe.
final class ReleasedReferences: Sendable {
  private let waiting = Mutex<[CInt]>([])
  nonisolated(unsafe) weak var interpreter: Interpreter?

  func add(_ reference: CInt) { waiting.withLock { $0.append(reference) } }
  func drain(_ L: LuaState) {
    let references = waiting.withLock { references in
      defer { references.removeAll(keepingCapacity: true) }
      return references
    }
    for reference in references { luaL_unref(L, shim_registry, reference) }
  }
}
