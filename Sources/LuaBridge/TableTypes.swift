import CLua

// Types whose values may also be tables that a script fills as it likes: they answer to the type's methods besides their own fields.

/// A key of a table that a script can name its parts by.
public enum LuaKey: Comparable, Sendable {
  case index(Int), name(String)
}

extension LuaType {
  /// A method that reads its object itself, for types that are more than one Swift class.
  public func method<S: FromLua, each A: FromLua, R: ToLua>(
    _ name: String, _ signature: String, _ doc: String, on: S.Type, _ body: @escaping (S, repeat each A) throws -> R
  ) {
    lua.registry.add(.init(name: "\(tables.name):\(name)", kind: .method, signature: signature, doc: doc))
    lua.setField(tables.methods, name, closure(.method(name)) { (this: S, arguments: repeat each A) throws -> R in
      try body(this, repeat each arguments)
    })
  }

  /// `object.name` for names that only the object knows; nil where it does not.
  public func fields<R: ToLua>(_ signature: String, _ doc: String, _ read: @escaping (T, String) throws -> R?) {
    lua.registry.add(.init(name: "\(tables.name)[name]", kind: .metamethod, signature: signature, doc: doc))
    tables.fieldReader = { L in
      guard let name = string(L, 2), let value = try read(Live<T>.read(L, at: 1).object, name) else { return nil }
      return try value.pushResults(L)
    }
  }

  /// Lets tables be of this type; `call` is what calling one does, `text` what `tostring` says of it.
  public func tables(call: LuaFunction, text: @escaping (LuaReference) throws -> String) throws {
    let L = lua.L
    try room(L, 8)
    let top = lua_gettop(L)
    defer { lua_settop(L, top) }
    lua_createtable(L, 0, 5)
    pushReference(L, tables.methods)
    setRawField(L, -2, "__index")
    pushString(L, tables.name)
    setRawField(L, -2, "__name")
    lua_pushboolean(L, 0)
    setRawField(L, -2, "__metatable")
    try call.push(L)
    setRawField(L, -2, "__call")
    pushClosure(L, closure(.function("tostring"), text))
    setRawField(L, -2, "__tostring")
    tables.tableMetatable = luaL_ref(L, shim_registry)
  }
}

/// Whether the table at `index` is one that a script made one of our types.
func isTypedTable(_ L: LuaState, _ index: CInt) -> Bool {
  guard lua_checkstack(L, 3) != 0, lua_getmetatable(L, index) != 0 else { return false }
  defer { shim_pop(L, 1) }
  for type in Interpreter.of(L).types.values {
    guard let metatable = type.tableMetatable else { continue }
    pushReference(L, metatable)
    defer { shim_pop(L, 1) }
    if lua_rawequal(L, -1, -2) != 0 { return true }
  }
  return false
}

extension LuaReference {
  /// Makes a plain table one of the type `name`; throws for anything else than a plain table or one that is so already.
  public func adopt(as name: String) throws {
    try inspect { lua, L in
      guard lua_type(L, -1) == LUA_TTABLE else { throw mismatch("table", L, -1) }
      guard let metatable = lua.types[name]?.tableMetatable else { throw LuaError("no table is a \(name)") }
      if lua_getmetatable(L, -1) != 0 {
        pushReference(L, metatable)
        guard lua_rawequal(L, -1, -2) != 0 else { throw LuaError("a plain table expected, got one with a metatable") }
        return
      }
      pushReference(L, metatable)
      lua_setmetatable(L, -2)
    }
  }

  /// Whether it is a table of the type `name`.
  public func isTable(of name: String) throws -> Bool {
    try inspect { lua, L in
      guard let metatable = lua.types[name]?.tableMetatable, lua_type(L, -1) == LUA_TTABLE, lua_getmetatable(L, -1) != 0 else { return false }
      pushReference(L, metatable)
      return lua_rawequal(L, -1, -2) != 0
    }
  }

  /// Whether it is a table without a metatable.
  public var isPlainTable: Bool {
    get throws { try inspect { _, L in lua_type(L, -1) == LUA_TTABLE && lua_getmetatable(L, -1) == 0 } }
  }

  /// The Swift object that it is; nil for other values.
  public var object: AnyObject? {
    get throws { try inspect { _, L in swiftObject(L, -1) } }
  }

  /// What tells a table from any other while both live.
  public var address: UInt {
    get throws { try inspect { _, L in UInt(bitPattern: lua_topointer(L, -1)) } }
  }

  /// The entries of a table that are tables or Swift objects, indices before names, both in order; runs no script.
  public func parts() throws -> [(key: LuaKey, value: LuaReference)] {
    try inspect { _, L in
      var parts: [(key: LuaKey, value: LuaReference)] = []
      // Lua's registry takes in every reference made, so it cannot be walked while they are made.
      guard lua_type(L, -1) == LUA_TTABLE, lua_rawequal(L, -1, shim_registry) == 0 else { return parts }
      let table = lua_gettop(L)
      lua_pushnil(L)
      while lua_next(L, table) != 0 {
        let isPart = lua_type(L, -1) == LUA_TTABLE || slot(L, -1) != nil
        let key: LuaKey? = lua_isinteger(L, -2) != 0 ? .index(Int(lua_tointegerx(L, -2, nil))) : string(L, -2).map(LuaKey.name)
        guard isPart, let key else {
          shim_pop(L, 1)
          continue
        }
        parts.append((key, LuaReference(popping: L)))
      }
      return parts.sorted { $0.key < $1.key }
    }
  }

  /// A table's own field, running no script.
  public func raw(_ name: String) throws -> LuaReference {
    try inspect { _, L in
      guard lua_type(L, -1) == LUA_TTABLE else { throw mismatch("table", L, -1) }
      pushString(L, name)
      lua_rawget(L, -2)
      return LuaReference(popping: L)
    }
  }

  /// A table's own field set, running no script.
  public func setRaw(_ name: String, _ value: some ToLua) throws {
    try inspect { _, L in
      guard lua_type(L, -1) == LUA_TTABLE else { throw mismatch("table", L, -1) }
      try value.push(L)
      setRawField(L, -2, name)
    }
  }

  /// Runs `body` with the value on top, then restores the stack.
  private func inspect<R>(_ body: (Interpreter, LuaState) throws -> R) throws -> R {
    let lua = try interpreter()
    let L = lua.L
    try room(L, 8)
    let top = lua_gettop(L)
    defer { lua_settop(L, top) }
    try push(L)
    return try body(lua, L)
  }
}
