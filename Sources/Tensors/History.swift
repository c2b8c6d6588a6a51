/// One recorded step: the operands, and the rule that maps dL/dresult to dL/doperand (nil where none is wanted).
final class History {
  let operands: [Tensor]
  let rule: (Tensor) throws -> [Tensor?]

  init(_ operands: [Tensor], _ rule: @escaping (Tensor) throws -> [Tensor?]) { (self.operands, self.rule) = (operands, rule) }
}
