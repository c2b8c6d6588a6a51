extension Tensor {
  /// Channels in `groups` of neighbours, each group of each sample to mean 0 and variance 1, then channel by channel times gain plus bias
  /// (Wu and He 2018): [n, channels, ...] with gain and bias [channels].
  public func groupNorm(_ groups: Int, _ gain: Tensor, _ bias: Tensor, epsilon: Float = 1e-5) throws -> Tensor {
    guard rank >= 2 else { throw UsageError("groupNorm wants an input of shape [n, channels, ...], got \(shape)") }
    let channels = shape[1]
    guard groups > 0, channels % groups == 0 else { throw UsageError("groupNorm wants groups that divide the \(channels) channels, got \(groups)") }
    guard gain.shape == [channels], bias.shape == [channels] else {
      throw UsageError("groupNorm wants gain and bias of shape [\(channels)], got \(gain.shape) and \(bias.shape)")
    }
    let span = Profile.Span("groupNorm"); defer { span.end() }
    let (members, length, slabs) = (channels / groups, around(1).inner, shape[0] * groups)
    let width = members * length
    let result = Tensor(uninitialized: shape)
    let normal = Tensor(uninitialized: shape)  // (x - mean) / std
    let inverse = Tensor(uninitialized: [slabs])  // 1 / std
    nonisolated(unsafe) let (y, unit, scale) = (result.storage.pointer, normal.storage.pointer, inverse.storage.pointer)
    try withPointer { x in try gain.withPointer { w in try bias.withPointer { b in
      nonisolated(unsafe) let (x, w, b) = (x, w, b)
      try Threads.parallel(rows: slabs, minimum: Swift.max(1, (1 << 14) / Swift.max(width, 1))) { range in
        for slab in range {
          let hat = unit + slab * width
          hat.update(from: x + slab * width, count: width)
          scale[slab] = standardise(hat, width, epsilon)
          for member in 0..<members {
            let (row, channel) = (member * length, slab % groups * members + member)
            let (from, to, w, b) = (hat + row, y + slab * width + row, w[channel], b[channel])
            for i in 0..<length { to[i] = from[i] * w + b }
          }
        }
      }
    } } }
    return result.recorded([self, gain, bias]) { g in
      let span = Profile.Span("groupNorm"); defer { span.end() }
      let input = Tensor(uninitialized: normal.shape)
      let (gainSlope, biasSlope) = (Tensor.zeros([channels]), Tensor.zeros([channels]))
      nonisolated(unsafe) let (dx, dw, db) = (input.storage.pointer, gainSlope.storage.pointer, biasSlope.storage.pointer)
      nonisolated(unsafe) let (unit, scale) = (normal.storage.pointer, inverse.storage.pointer)
      try g.withPointer { g in try gain.withPointer { w in
        nonisolated(unsafe) let (g, w) = (g, w)
        // By groups, whose channels nobody else adds to.
        try Threads.parallel(rows: groups, minimum: Swift.max(1, (1 << 14) / Swift.max(slabs / groups * width, 1))) { range in
          for slab in 0..<slabs where range.contains(slab % groups) {
            let (slope, hat, to) = (g + slab * width, unit + slab * width, dx + slab * width)
            for member in 0..<members {
              let (row, channel) = (member * length, slab % groups * members + member)
              dw[channel] += dot(slope + row, hat + row, length)
              db[channel] += Tensors.sum(slope + row, length)
              let w = w[channel]
              for i in row..<row + length { to[i] = slope[i] * w }
            }
            standardisationSlope(to, hat, inverse: scale[slab], width)
          }
        }
      } }
      withExtendedLifetime((normal, inverse)) {}
      return [input, gainSlope, biasSlope]
    }
  }
}
