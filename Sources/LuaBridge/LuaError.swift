import CLua

/// A failure on its way through Lua: thrown by a conversion, or caught from a script.
public struct LuaError: Error, CustomStringConvertible, Equatable {
  public let message: String
  /// Where it happened, as Lua prints it; nil for a chunk that does not compile.
  public let traceback: String?
  /// The error value, when a script raised something other than a string.
  public let value: LuaReference?
  /// It has been raised in Lua: the message already says where.
  let isFromLua: Bool

  public init(_ message: String) {
    self.init(message, traceback: nil, value: nil, isFromLua: false)
  }

  init(_ message: String, traceback: String?, value: LuaReference?, isFromLua: Bool) {
    self.message = message
    self.traceback = traceback
    self.value = value
    self.isFromLua = isFromLua
  }

  public var description: String { message }
  /// Raised by Ctrl-C.
  public var isInterrupt: Bool { message == "interrupted!" }

  public static func == (a: LuaError, b: LuaError) -> Bool { a.message == b.message }
}

/// "integer expected, got string", with the name that the value's metatable gives it.
func mismatch(_ expected: String, _ L: LuaState, _ index: CInt) -> LuaError {
  LuaError("\(expected) expected, got \(typeName(L, index))")
}

func typeName(_ L: LuaState, _ index: CInt) -> String {
  let index = lua_absindex(L, index)
  let plain = String(cString: lua_typename(L, lua_type(L, index)))
  guard [LUA_TUSERDATA, LUA_TTABLE].contains(lua_type(L, index)), luaL_getmetafield(L, index, "__name") != LUA_TNIL else { return plain }
  defer { shim_pop(L, 1) }
  guard let name = string(L, -1) else { return plain }
  return isReleased(L, index) ? "a closed \(name)" : name
}

