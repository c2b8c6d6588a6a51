import LuaBridge
import Tensors

// Writing in place: the methods whose names end in an underscore, and t[place] = value.

func declareWriting(_ t: LuaType<Tensor>, _ garbage: GarbageOfSteps) {
  let operations: [(String, String, (Tensor) -> (Tensor) throws -> Tensor)] = [
    ("mul_", "Multiplies this tensor", Tensor.mul_), ("div_", "Divides this tensor", Tensor.div_),
    ("copy_", "Overwrites this tensor", Tensor.copy_),
  ]
  for (name, doc, operation) in operations {
    let word = name == "copy_" ? "with" : "by"
    t.method(name, "(value: Tensor | number) -> Tensor", "\(doc) in place \(word) another, which broadcasts, or a number; returns itself.") {
      (a: Tensor, b: Operand) in
      try garbage.clear(a)
      return try operation(a)(b.tensor)
    }
  }
  let scaled: [(String, String, (Tensor) -> (Tensor, Float) throws -> Tensor)] = [
    ("add_", "Adds in place", { a in { try a.add_($0, alpha: $1) } }), ("sub_", "Subtracts in place", { a in { try a.sub_($0, alpha: $1) } }),
  ]
  for (name, doc, operation) in scaled {
    t.method(name, "(value: Tensor | number, alpha?: number) -> Tensor", "\(doc) alpha (1) times another tensor, which broadcasts, or a number; returns itself.") {
      (a: Tensor, b: Operand, alpha: Float?) throws -> Tensor in
      try garbage.clear(a)
      return try operation(a)(b.tensor, alpha ?? 1)
    }
  }
  t.method("fill_", "(value: number) -> Tensor", "Overwrites every element with a number; returns itself.") { (a: Tensor, value: Float) throws -> Tensor in
    try garbage.clear(a)
    return try a.fill_(value)
  }
  t.method("zero_", "() -> Tensor", "Overwrites every element with 0; returns itself.") { (a: Tensor) throws -> Tensor in
    try garbage.clear(a)
    return try a.fill_(0)
  }
  t.method("neg_", "() -> Tensor", "Turns every element's sign in place; returns itself.") { (a: Tensor) throws -> Tensor in
    try garbage.clear(a)
    return try a.neg_()
  }
  t.method("clamp_", "(low?: number, high?: number) -> Tensor", "clamp in place; returns itself.") { (a: Tensor, low: Float?, high: Float?) throws -> Tensor in
    let (low, high) = try bounds(low, high)
    try garbage.clear(a)
    return try a.clamp_(low, high)
  }
  t.method("masked_fill_", "(mask: Tensor, value: number) -> Tensor", "Writes a number where mask is not 0; returns itself.") {
    (a: Tensor, mask: Tensor, value: Float) throws -> Tensor in
    try garbage.clear(a)
    return try a.maskedFill_(mask, value)
  }
  t.newIndex("(place, value: Tensor | number | table)",
    "Writes a part of the tensor: places as in t[place], the value broadcasts. Refused while a gradient needs these elements.") {
    (a: Tensor, path: IndexPath, value: TensorLike) in
    try garbage.clear(a)
    try a.write(value.tensor, at: path)
  }
}

extension Tensor {
  /// t[path] = value
  fileprivate func write(_ value: Tensor, at path: IndexPath) throws {
    try checkWritable(value)
    let (part, chosen) = try Tensor.withoutGrad { try self.part(path) }
    guard let (dim, indices) = chosen else { return _ = try Tensor.withoutGrad { try part.copy_(value) } }
    try Tensor.withoutGrad { try part.indexWrite(dim, indices, value) }
  }
}

/// Recorded steps that only garbage holds forbid no writing: before it is refused, Lua's collector runs, unless nothing was recorded since.
final class GarbageOfSteps {
  private unowned let lua: Interpreter
  private var seen = -1

  init(_ lua: Interpreter) { self.lua = lua }

  func clear(_ tensor: Tensor) throws {
    guard tensor.isNeededByGradient, seen != Tensor.recordedStepCount else { return }
    try lua.collectGarbage()
    seen = Tensor.recordedStepCount
  }
}
