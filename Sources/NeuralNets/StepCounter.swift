import Tensors

/// A count as two Floats, high and low 20 bits, since one Float is exact only to 2^24.
func counter(_ steps: Int) -> Tensor { Tensor([Float(steps >> 20), Float(steps & 0xFFFFF)]) }

/// The count that `counter` wrote.
func count(of tensor: Tensor) throws -> Int {
  let digits = tensor.values
  guard digits.count == 2, digits.allSatisfy({ 0..<0x1p20 ~= $0 && $0 == $0.rounded() }) else {
    throw UsageError("a step count wants two whole numbers below 2^20, got \(digits)")
  }
  return Int(digits[0]) << 20 | Int(digits[1])
}
