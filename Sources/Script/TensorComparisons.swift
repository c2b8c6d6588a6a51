import LuaBridge
import Tensors

// Answers of 1 and 0, and what is chosen by them.

func declareComparisons(_ t: LuaType<Tensor>) {
  let comparisons: [(String, String, (Tensor) -> (Tensor) throws -> Tensor)] = [
    ("eq", "equal", Tensor.eq), ("ne", "not equal", Tensor.ne), ("lt", "less", Tensor.lt), ("le", "less or equal", Tensor.le),
    ("gt", "greater", Tensor.gt), ("ge", "greater or equal", Tensor.ge),
  ]
  for (name, doc, function) in comparisons {
    t.method(name, "(other: Tensor | number) -> Tensor", "1 where the element is \(doc), 0 elsewhere, with broadcasting.") {
      (a: Tensor, b: Operand) in try function(a)(b.tensor)
    }
  }
  t.method("isnan", "() -> Tensor", "1 where the element is no number, 0 elsewhere.", Tensor.isNaN)
  t.method("isinf", "() -> Tensor", "1 where the element is infinite, 0 elsewhere.", Tensor.isInf)
  t.method("isfinite", "() -> Tensor", "1 where the element is neither infinite nor NaN, 0 elsewhere.", Tensor.isFinite)
  t.method("masked_fill", "(mask: Tensor, value: number) -> Tensor", "The value where mask is not 0, this tensor's elements elsewhere, with broadcasting.", Tensor.maskedFill)
  t.method("masked_select", "(mask: Tensor) -> Tensor", "The elements where mask is not 0, in row-major order: a vector.", Tensor.maskedSelect)
}

extension Interpreter {
  func installChoice() {
    module("dsrl") { m in
      m.function("where", "(condition: Tensor, a: Tensor | number, b: Tensor | number) -> Tensor", "a where the condition is not 0, b elsewhere; all three broadcast.") {
        (condition: Tensor, a: Operand, b: Operand) throws -> Tensor in try Tensor.where(condition, a.tensor, b.tensor)
      }
    }
  }
}
