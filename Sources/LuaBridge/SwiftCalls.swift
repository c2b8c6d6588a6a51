import CLua

/// A Swift function as Lua holds it: reads its arguments from the stack, pushes its results, returns their number.
final class LuaClosure {
  let body: (LuaState) throws -> CInt
  init(_ body: @escaping (LuaState) throws -> CInt) { self.body = body }
}

/// How an error names the place of an argument.
enum Caller {
  case function(String), method(String), operation(String), index(String)

  func explain(_ index: CInt, _ reason: any Error) -> LuaError {
    switch self {
    case .function(let name): LuaError("bad argument #\(index) to '\(name)' (\(reason))")
    case .method(let name) where index == 1: LuaError("calling '\(name)' on bad self (\(reason))")
    case .method(let name): LuaError("bad argument #\(index - 1) to '\(name)' (\(reason))")
    case .operation(let symbol): LuaError("bad operand #\(index) of '\(symbol)' (\(reason))")
    case .index(let type) where index < 3: LuaError("bad index into \(type) (\(reason))")
    case .index(let type): LuaError("bad value for an element of \(type) (\(reason))")
    }
  }
}

/// Reads arguments one after the other.
struct Arguments {
  let L: LuaState
  let caller: Caller
  var index: CInt = 0

  mutating func next<T: FromLua>(_ type: T.Type) throws -> T {
    index += 1
    do { return try T.read(L, at: index) } catch { throw caller.explain(index, error) }
  }
}

func closure<each A: FromLua, each R: ToLua>(_ caller: Caller, _ body: @escaping (repeat each A) throws -> (repeat each R)) -> LuaClosure {
  LuaClosure { L in
    var arguments = Arguments(L: L, caller: caller)
    let results = try body(repeat try arguments.next((each A).self))
    var count: CInt = 0
    for result in repeat each results { count += try result.pushResults(L) }
    return count
  }
}

/// Pushes a Lua function that runs `closure`. Needs three stack slots.
func pushClosure(_ L: LuaState, _ closure: LuaClosure) {
  pushSlot(L, closure, metatable: Interpreter.of(L).closures)
  lua_pushcclosure(L, shim_trampoline, 1)
}

extension Interpreter {
  /// A Lua function made of a Swift one, outside every table of names.
  public func makeFunction<each A: FromLua, each R: ToLua>(
    _ name: String, _ body: @escaping (repeat each A) throws -> (repeat each R)
  ) throws -> LuaFunction {
    let L = L
    try room(L, 4)
    pushClosure(L, closure(.function(name), body))
    return LuaFunction(LuaReference(popping: L))
  }
}

/// Every call from Lua to Swift comes through here.
@c @implementation
public func shim_call(_ L: OpaquePointer!) -> CInt {
  guard let slot = slot(L, shim_upvalue(1)), let held = slot.pointee else {
    pushString(L, "this function is closed")
    return CInt(SHIM_RAISE)
  }
  do {
    // The slot keeps it alive: the running function holds its upvalue.
    return try unsafeDowncast(held.takeUnretainedValue(), to: LuaClosure.self).body(L)
  } catch {
    pushError(L, error)
    return CInt(SHIM_RAISE)
  }
}

/// Pushes what `lua_error` will raise: an error of Lua's as it was, any other with the script's line in front.
private func pushError(_ L: LuaState, _ error: any Error) {
  lua_settop(L, 0)
  if let error = error as? LuaError, error.isFromLua {
    if let value = error.value {
      do { return try value.push(L) } catch { lua_settop(L, 0) }
    }
    Interpreter.of(L).passing = error
    return pushString(L, error.message)
  }
  shim_where(L)
  pushString(L, "\(error)")
  lua_concat(L, 2)
}
