import CLua

/// A class that Lua scripts can hold. Declare its methods with `Interpreter.type`.
public protocol LuaObject: AnyObject, FromLua, ToLua {
  /// Its name in Lua; several classes may share one.
  static var luaName: String { get }
}

/// An object whose memory Lua should know of: without it the collector sees eight bytes.
public protocol LuaSized: AnyObject {
  var luaByteCount: Int { get }
}

extension Interpreter {
  /// Tells Lua's collector of memory that objects it will meet keep alive, beside what `LuaSized` says of them.
  public func owe(_ bytes: Int) { state.pointee.owed += max(0, bytes) }
}

extension Interpreter {
  /// Swift objects and functions that Lua keeps alive.
  public var objectCount: Int { state.pointee.objects }

  /// Lets go of the objects whose `__gc` Lua could not call, because its stack was full.
  func releaseOrphans() {
    while let object = shim_take_orphan(state) { Unmanaged<AnyObject>.fromOpaque(object).release() }
  }
}

/// An object with something to give back at the end of `local x <close> = ...`.
public protocol LuaCloseable: AnyObject {
  func luaClose()
}

extension LuaObject {
  public static var luaName: String { "\(Self.self)" }
  public static var luaExpectation: String { luaName }
  public static func read(_ L: LuaState, at index: CInt) throws -> Self {
    guard let object = swiftObject(L, index) as? Self else { throw mismatch(luaName, L, index) }
    return object
  }
  public static func accepts(_ L: LuaState, at index: CInt) -> Bool { swiftObject(L, index) is Self }
  public func push(_ L: LuaState) throws { _ = try pushObject(L, self, type: Self.luaName) }
}

extension LuaObject where Self: LuaSized {
  public func push(_ L: LuaState) throws {
    if try pushObject(L, self, type: Self.luaName) { Interpreter.of(L).owe(luaByteCount) }
  }
}

/// An object behind a protocol, or of a class that Lua's names do not mention: `Live<any Environment>`.
public struct Live<T>: FromLua, ToLua {
  public let object: T
  public init(_ object: T) { self.object = object }

  public static var luaExpectation: String {
    let name = "\(T.self)"
    return name.hasPrefix("any ") ? String(name.dropFirst(4)) : name
  }
  public static func read(_ L: LuaState, at index: CInt) throws -> Live {
    guard let object = swiftObject(L, index) as? T else {
      throw mismatch(Interpreter.of(L).typeNames[ObjectIdentifier(T.self)] ?? luaExpectation, L, index)
    }
    return Live(object)
  }
  public func push(_ L: LuaState) throws {
    guard let name = Interpreter.of(L).typeNames[ObjectIdentifier(T.self)] else { throw LuaError("\(T.self) has no place in Lua") }
    let object = object as AnyObject
    if try pushObject(L, object, type: name), let sized = object as? any LuaSized { Interpreter.of(L).owe(sized.luaByteCount) }
  }
}

// MARK: Slots

/// Every Swift object in Lua is a userdata holding one retained reference, or nil once it is released.
typealias Slot = Unmanaged<AnyObject>?

/// The `__gc` of every metatable of ours; also at its index 1, by which our userdata are known.
private let collect: lua_CFunction = { L in
  guard let L, let slot = slot(L, 1), let held = slot.pointee else { return 0 }
  empty(L, slot)
  held.release()
  return 0
}

private let close: lua_CFunction = { L in
  guard let L, let slot = slot(L, 1), let held = slot.pointee else { return 0 }
  (held.takeUnretainedValue() as? any LuaCloseable)?.luaClose()
  empty(L, slot)
  held.release()
  return 0
}

private func empty(_ L: LuaState, _ slot: UnsafeMutablePointer<Slot>) {
  slot.pointee = nil
  shim_of(L).pointee.objects -= 1
}

/// The slot at `index`, or nil for anything that Swift did not push: a file handle, another library's userdata.
func slot(_ L: LuaState, _ index: CInt) -> UnsafeMutablePointer<Slot>? {
  let index = lua_absindex(L, index)
  guard lua_type(L, index) == LUA_TUSERDATA, lua_getmetatable(L, index) != 0 else { return nil }
  lua_rawgeti(L, -1, 1)
  defer { shim_pop(L, 2) }
  guard let mark = lua_tocfunction(L, -1), shim_same(mark, collect) != 0 else { return nil }
  return lua_touserdata(L, index)?.assumingMemoryBound(to: Slot.self)
}

func swiftObject(_ L: LuaState, _ index: CInt) -> AnyObject? { slot(L, index)?.pointee?.takeUnretainedValue() }

/// Ours, but its object has been let go.
func isReleased(_ L: LuaState, _ index: CInt) -> Bool {
  guard let slot = slot(L, index) else { return false }
  return slot.pointee == nil
}

/// Gives the metatable on top what makes it one of ours. It hides itself, so that a script cannot call `__gc`.
func finishMetatable(_ L: LuaState, name: String) {
  lua_pushcclosure(L, collect, 0)
  lua_rawseti(L, -2, 1)
  lua_pushcclosure(L, collect, 0)
  setRawField(L, -2, "__gc")
  lua_pushcclosure(L, close, 0)
  setRawField(L, -2, "__close")
  lua_pushboolean(L, 0)
  setRawField(L, -2, "__metatable")
  pushString(L, name)
  setRawField(L, -2, "__name")
}

/// Pushes a new userdata that retains `object`. Needs two stack slots.
func pushSlot(_ L: LuaState, _ object: AnyObject, metatable: CInt) {
  Interpreter.of(L).releaseOrphans()
  let slot = shim_new_slot(L)
  pushReference(L, metatable)
  lua_setmetatable(L, -2)
  slot?.pointee.object = Unmanaged.passRetained(object).toOpaque()
  shim_of(L).pointee.objects += 1
}

/// Pushes the one userdata of `object`, so that `==` and table keys mean the object; whether it is a new one.
func pushObject(_ L: LuaState, _ object: AnyObject, type name: String) throws -> Bool {
  let lua = Interpreter.of(L)
  guard let tables = lua.types[name] else { throw LuaError("\(name) has no place in Lua") }
  guard !lua.isClosing else { throw LuaError("no new \(name): the interpreter is closing") }
  try room(L, 6)
  let held = Unmanaged.passUnretained(object)
  pushReference(L, lua.objects)
  lua_rawgetp(L, -1, held.toOpaque())
  if let slot = slot(L, -1), slot.pointee?.toOpaque() == held.toOpaque() {
    shim_remove(L, -2)
    return false
  }

  shim_pop(L, 1)
  pushSlot(L, object, metatable: tables.metatable)
  lua_pushvalue(L, -1)
  lua_rawsetp(L, -3, held.toOpaque())
  shim_remove(L, -2)
  return true
}
