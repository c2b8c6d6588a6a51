extension Tensor {
  /// Each element 0 with probability `p`, else scaled by 1 / (1 - p), so that the mean stays (Srivastava et al. 2014).
  public func dropout(_ p: Float, using stream: inout RandomStream) throws -> Tensor {
    guard 0...1 ~= p else { throw UsageError("dropout wants a probability in [0, 1], got \(p)") }
    let mask = Tensor(uninitialized: shape)
    let (target, count) = (mask.storage.pointer, mask.count)
    let kept = p < 1 ? 1 / (1 - p) : 0
    let threshold = UInt32(Double(p) * 0x1p24)
    var i = 0
    while i < count {
      let (a, b, c, d) = stream.block()
      target[i] = a >> 8 < threshold ? 0 : kept
      if i + 1 < count { target[i + 1] = b >> 8 < threshold ? 0 : kept }
      if i + 2 < count { target[i + 2] = c >> 8 < threshold ? 0 : kept }
      if i + 3 < count { target[i + 3] = d >> 8 < threshold ? 0 : kept }
      i += 4
    }
    return try self * mask
  }
}
