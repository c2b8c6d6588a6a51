import CLua

/// A Lua function that Swift holds and can call.
public final class LuaFunction: FromLua, ToLua, @unchecked Sendable {
  public let reference: LuaReference
  init(_ reference: LuaReference) { self.reference = reference }

  public static var luaExpectation: String { "function" }
  public static func read(_ L: LuaState, at index: CInt) throws -> LuaFunction {
    guard lua_type(L, index) == LUA_TFUNCTION else { throw mismatch("function", L, index) }
    return LuaFunction(try LuaReference.read(L, at: index))
  }
  public func push(_ L: LuaState) throws { try reference.push(L) }

  /// Calls it, and returns copies of the results.
  @discardableResult
  public func call(_ arguments: any ToLua...) throws -> [LuaValue] {
    try call(arguments) { L, results in try results.map { try LuaValue.read(L, at: $0) } }
  }
  /// The same for any number of arguments.
  @discardableResult
  public func call(passing arguments: [any ToLua]) throws -> [LuaValue] {
    try call(arguments) { L, results in try results.map { try LuaValue.read(L, at: $0) } }
  }
  /// Calls it, and returns the results by identity: for tables that are not to be copied.
  public func callForReferences(_ arguments: any ToLua...) throws -> [LuaReference] { try callForReferences(passing: arguments) }
  /// The same for any number of arguments.
  public func callForReferences(passing arguments: [any ToLua]) throws -> [LuaReference] {
    try call(arguments) { L, results in try results.map { try LuaReference.read(L, at: $0) } }
  }
  /// Calls it, and reads one result; `what` names the function in the error about a wrong one.
  public func call<R: FromLua>(returning type: R.Type, _ what: String, _ arguments: any ToLua...) throws -> R {
    try call(arguments) { L, results in
      do { return try R.read(L, at: results.lowerBound) } catch { throw LuaError("bad result of '\(what)' (\(error))") }
    }
  }

  private func call<R>(_ arguments: [any ToLua], _ read: (LuaState, Range<CInt>) throws -> R) throws -> R {
    try reference.interpreter().protectedCall(push: push, arguments, read)
  }
}

extension Interpreter {
  /// Pushes a function and its arguments, calls, hands over the stack range of the results and restores the stack.
  func protectedCall<R>(push: (LuaState) throws -> Void, _ arguments: [any ToLua], _ read: (LuaState, Range<CInt>) throws -> R) throws -> R {
    let L = L
    released.drain(L)
    releaseOrphans()
    let base = lua_gettop(L)
    try room(L, arguments.count + 8)
    defer { lua_settop(L, base) }
    try push(L)
    for argument in arguments { try argument.push(L) }
    guard shim_pcall(L, CInt(arguments.count), LUA_MULTRET) == LUA_OK else { throw takeError(L) }
    try room(L, 8)
    return try read(L, base + 1..<lua_gettop(L) + 1)
  }

  /// Calls a C function of the shim that may raise, and reads its one result.
  func callC<R>(_ function: @escaping lua_CFunction, _ arguments: [any ToLua], _ read: (LuaState, CInt) throws -> R) throws -> R {
    try protectedCall(push: { L in lua_pushcclosure(L, function, 0) }, arguments) { L, results in try read(L, results.lowerBound) }
  }

  /// Makes an error of the value on top of the stack.
  func takeError(_ L: LuaState) -> LuaError {
    var traceback: String?
    if lua_rawgetp(L, shim_registry, state) == LUA_TSTRING { traceback = string(L, -1) }
    lua_pushnil(L)
    lua_rawsetp(L, shim_registry, state)
    shim_pop(L, 1)
    defer { shim_pop(L, 1) }

    if let message = string(L, -1) {
      // The traceback of an error that passed through Swift on its way is longer at its beginning.
      if let origin = passing, origin.message == message, let longer = origin.traceback, let shorter = traceback,
        longer.hasSuffix(shorter.dropFirst("stack traceback:".count))
      { traceback = longer }
      passing = nil
      return LuaError(message, traceback: traceback, value: nil, isFromLua: true)
    }
    lua_pushvalue(L, -1)
    let value = LuaReference(popping: L)
    return LuaError(describe(L, -1, value), traceback: traceback, value: value, isFromLua: true)
  }

  private func describe(_ L: LuaState, _ index: CInt, _ value: LuaReference) -> String {
    let plain = "(error object is a \(typeName(L, index)) value)"
    if lua_type(L, index) != LUA_TNUMBER {
      guard luaL_getmetafield(L, index, "__tostring") != LUA_TNIL else { return plain }
      shim_pop(L, 1)
    }
    do { return try value.text() } catch { return plain }
  }
}
