// Group norm, Mish and FiLM as one operation on rows that lie place by place: what follows each convolution of Diffusion Policy's U-Net.

extension Tensor {
  /// mish(groupNorm(x)) for x [n, channels, length], gain and bias [channels]; with `film` [n, channels] that is added to every place of a channel,
  /// with [n, 2 channels] the first half multiplies it and the second is added (Perez et al. 2018).
  public func groupNormMish(_ groups: Int, _ gain: Tensor, _ bias: Tensor, epsilon: Float = 1e-5, film: Tensor? = nil) throws -> Tensor {
    guard rank == 3 else { throw UsageError("groupNormMish wants an input of shape [n, channels, length], got \(shape)") }
    let (samples, channels) = (shape[0], shape[1])
    guard groups > 0, channels % groups == 0 else { throw UsageError("groupNormMish wants groups that divide the \(channels) channels, got \(groups)") }
    guard gain.shape == [channels], bias.shape == [channels] else {
      throw UsageError("groupNormMish wants gain and bias of shape [\(channels)], got \(gain.shape) and \(bias.shape)")
    }
    if let film, film.shape != [samples, channels], film.shape != [samples, 2 * channels] {
      throw UsageError("groupNormMish wants a film of shape [\(samples), \(channels)] or [\(samples), \(2 * channels)], got \(film.shape)")
    }
    let x = try byPlace()
    let condition = film?.contiguous()
    let rows = NormalisedRows(
      samples: samples, channels: channels, length: shape[2], groups: groups, epsilon: epsilon, gain: gain.detach().contiguous(),
      bias: bias.detach().contiguous(), film: condition?.detach())
    let saved = try rows.forward(x)
    return try saved.result.recorded([x, gain, bias] + (condition.map { [$0] } ?? [])) { g in
      let slopes = try rows.backward(g.contiguous(), saved)
      return [slopes.input, slopes.gain, slopes.bias] + (condition == nil ? [] : [slopes.film])
    }.byChannel()
  }
}

/// What the way there leaves for the way back: (x - mean) / std [length, n, channels] and 1 / std [n, groups].
private struct NormalisedSaved {
  let result, hat, inverse: Tensor
}

private struct NormalisedSlopes {
  let input, gain, bias: Tensor
  let film: Tensor?
}

private struct NormalisedRows: @unchecked Sendable {
  let samples, channels, length, groups: Int
  let epsilon: Float
  let gain, bias: Tensor
  let film: Tensor?
  /// Samples whose contributions to a parameter's gradient are added up together, whatever the number of threads.
  private static let block = 32

  private var scales: Bool { film.map { $0.shape[1] > channels } ?? false }
  private var members: Int { channels / groups }
  private var worth: Int { Swift.max(1, (1 << 13) / Swift.max(channels * length, 1)) }
  private func pointer(_ tensor: Tensor) -> UnsafeMutablePointer<Float> { tensor.storage.pointer + tensor.offset }
  /// What multiplies a sample's channels, if anything does, and what is added.
  private func filmRow(_ sample: Int) -> (scale: UnsafePointer<Float>?, shift: UnsafePointer<Float>)? {
    guard let film else { return nil }
    let row = UnsafePointer(pointer(film) + sample * film.shape[1])
    return scales ? (row, row + channels) : (nil, row)
  }

  func forward(_ x: Tensor) throws -> NormalisedSaved {
    let span = Profile.Span("groupNormMish"); defer { span.end() }
    let saved = NormalisedSaved(result: Tensor(uninitialized: x.shape), hat: Tensor(uninitialized: x.shape), inverse: Tensor(uninitialized: [samples, groups]))
    nonisolated(unsafe) let (y, hat, inverse) = (saved.result.storage.pointer, saved.hat.storage.pointer, saved.inverse.storage.pointer)
    nonisolated(unsafe) let (w, b) = (pointer(gain), pointer(bias))
    let step = samples * channels
    try Threads.parallel(rows: samples, minimum: worth) { part in
      withRoom(2) { room in
        let (mean, scale) = (room, room + channels)
        for sample in part {
          let from = UnsafePointer(pointer(x) + sample * channels)
          statistics(from, step, mean, scale, inverse + sample * groups)
          for place in 0..<length {
            let (row, unit, to) = (from + place * step, hat + sample * channels + place * step, y + sample * channels + place * step)
            for c in 0..<channels { unit[c] = (row[c] - mean[c]) * scale[c] }
            for c in 0..<channels { to[c] = unit[c] * w[c] + b[c] }
            for c in 0..<channels { to[c] = fastMish(to[c]) }
            if let (scale, shift) = filmRow(sample) {
              if let scale { for c in 0..<channels { to[c] = to[c] * scale[c] } }
              for c in 0..<channels { to[c] = to[c] + shift[c] }
            }
          }
        }
      }
    }
    return saved
  }

  /// Of each channel its group's mean and 1 / deviation; the latter of each group once more.
  private func statistics(
    _ x: UnsafePointer<Float>, _ step: Int, _ mean: UnsafeMutablePointer<Float>, _ scale: UnsafeMutablePointer<Float>, _ inverse: UnsafeMutablePointer<Float>
  ) {
    let count = Float(members * length)
    mean.update(repeating: 0, count: channels)
    for place in 0..<length {
      let row = x + place * step
      for c in 0..<channels { mean[c] += row[c] }
    }
    spread(mean) { $0 / count }
    scale.update(repeating: 0, count: channels)
    for place in 0..<length {
      let row = x + place * step
      for c in 0..<channels {
        let rest = row[c] - mean[c]
        scale[c] += rest * rest
      }
    }
    spread(scale) { 1 / ($0 / count + epsilon).squareRoot() }
    for group in 0..<groups { inverse[group] = scale[group * members] }
  }

  /// f of the sum over a group's channels to all of them.
  private func spread(_ sums: UnsafeMutablePointer<Float>, _ f: (Float) -> Float) {
    for group in 0..<groups {
      let first = sums + group * members
      first.update(repeating: f(Tensors.sum(first, members)), count: members)
    }
  }

  func backward(_ g: Tensor, _ saved: NormalisedSaved) throws -> NormalisedSlopes {
    let span = Profile.Span("groupNormMish"); defer { span.end() }
    let blocks = (samples + NormalisedRows.block - 1) / NormalisedRows.block
    let input = Tensor(uninitialized: g.shape)
    let filmSlope = film.map { Tensor.zeros($0.shape) }
    let partial = Tensor.zeros([blocks, 2, channels])  // by gain and by bias
    nonisolated(unsafe) let (dx, sums) = (input.storage.pointer, partial.storage.pointer)
    try Threads.parallel(rows: blocks, minimum: Swift.max(1, worth / NormalisedRows.block)) { part in
      withRoom(3) { room in
        for block in part {
          for sample in block * NormalisedRows.block..<Swift.min(samples, (block + 1) * NormalisedRows.block) {
            let start = sample * channels
            let film = filmSlope.map { pointer($0) + sample * $0.shape[1] }
            backward(sample, pointer(g) + start, saved, dx + start, parameters: sums + block * 2 * channels, film: film, room)
          }
        }
      }
    }
    let total = try partial.sum(0)
    return NormalisedSlopes(input: input, gain: try total.select(0, 0), bias: try total.select(0, 1), film: filmSlope)
  }

  private func backward(
    _ sample: Int, _ g: UnsafePointer<Float>, _ saved: NormalisedSaved, _ dx: UnsafeMutablePointer<Float>, parameters: UnsafeMutablePointer<Float>,
    film filmSlope: UnsafeMutablePointer<Float>?, _ room: UnsafeMutablePointer<Float>
  ) {
    let (gainSlope, biasSlope) = (parameters, parameters + channels)
    let (sum, along, inner) = (room, room + channels, room + 2 * channels)
    let hat = UnsafePointer(saved.hat.storage.pointer + sample * channels)
    let (w, b) = (UnsafePointer(pointer(gain)), UnsafePointer(pointer(bias)))
    let film = filmRow(sample)
    let step = samples * channels
    sum.update(repeating: 0, count: 2 * channels)
    for place in 0..<length {
      let (slope, unit, to) = (g + place * step, hat + place * step, dx + place * step)
      for c in 0..<channels { inner[c] = unit[c] * w[c] + b[c] }
      if let scale = film?.scale, let filmSlope {
        let shiftSlope = filmSlope + channels
        for c in 0..<channels { shiftSlope[c] += slope[c] }
        for c in 0..<channels { filmSlope[c] += slope[c] * fastMish(inner[c]) }
        for c in 0..<channels { to[c] = slope[c] * scale[c] }
      } else {
        if let filmSlope { for c in 0..<channels { filmSlope[c] += slope[c] } }
        to.update(from: slope, count: channels)
      }
      for c in 0..<channels { to[c] = to[c] * fastMishSlope(inner[c]) }
      for c in 0..<channels { gainSlope[c] += to[c] * unit[c] }
      for c in 0..<channels { biasSlope[c] += to[c] }
      for c in 0..<channels { to[c] = to[c] * w[c] }
      for c in 0..<channels { sum[c] += to[c] }
      for c in 0..<channels { along[c] += to[c] * unit[c] }
    }
    let count = Float(members * length)
    spread(sum) { $0 / count }
    spread(along) { $0 / count }
    let inverse = saved.inverse.storage.pointer + sample * groups
    for group in 0..<groups { (inner + group * members).update(repeating: inverse[group], count: members) }
    for place in 0..<length {
      let (unit, to) = (hat + place * step, dx + place * step)
      for c in 0..<channels { to[c] = to[c] - sum[c] - unit[c] * along[c] }
      for c in 0..<channels { to[c] = to[c] * inner[c] }
    }
  }

  /// Room for `rows` numbers of each channel.
  private func withRoom(_ rows: Int, _ body: (UnsafeMutablePointer<Float>) -> Void) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: Swift.max(1, rows * channels)) { room in
      room.initialize(repeating: 0)
      if let base = room.baseAddress { body(base) }
    }
  }
}
