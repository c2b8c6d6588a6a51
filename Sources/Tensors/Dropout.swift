extension Tensor {
  /// Zeros with probability `p`, else 1 / (1 - p), so that the mean is 1 (Srivastava et al. 2014).
  public static func dropoutMask(_ shape: [Int], _ p: Float, using stream: inout RandomStream) throws -> Tensor {
    guard 0...1 ~= p else { throw UsageError("dropout wants a probability in [0, 1], got \(p)") }
    let span = Profile.Span("dropout"); defer { span.end() }
    let mask = Tensor(uninitialized: shape)
    let (target, count) = (mask.storage.pointer, mask.count)
    let kept = p < 1 ? 1 / (1 - p) : 0
    let threshold = UInt32(Double(p) * 0x1p24)
    let whole = count / 4
    let blocks = stream
    for i in 0..<whole {
      let (a, b, c, d) = blocks.block(i)
      target[4 * i] = a >> 8 < threshold ? 0 : kept
      target[4 * i + 1] = b >> 8 < threshold ? 0 : kept
      target[4 * i + 2] = c >> 8 < threshold ? 0 : kept
      target[4 * i + 3] = d >> 8 < threshold ? 0 : kept
    }
    stream.skip(whole)
    if 4 * whole < count {
      let (a, b, c, _) = stream.block()
      for (i, number) in zip(4 * whole..<count, [a, b, c]) { target[i] = number >> 8 < threshold ? 0 : kept }
    }
    return mask
  }
}
