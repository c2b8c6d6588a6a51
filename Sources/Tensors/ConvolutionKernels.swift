import COneDNN

/// The sizes of a convolution, which ties wide [samples, channels, length] to narrow [samples, filters, places] by a weight
/// [filters, channels / groups, kernel]: place j of a filter looks at entries j · stride + t · dilation - padding.
struct ConvolutionSizes: Sendable {
  var samples, channels, length, filters, places: Int
  var kernel, stride, padding, dilation, groups: Int

  private var taps: Int { channels * kernel }
  private var tapsOfGroup: Int { taps / groups }
  private var flops: Double { 2 * Double(samples) * Double(places) * Double(filters) * Double(tapsOfGroup) }
  private var filtersOfGroup: Int { filters / groups }
  /// So many that the columns of a block stay in the cache and its product is still wide; the number of threads does not matter.
  private var samplesOfBlock: Int { Swift.max(1, Swift.max(256, (1 << 19) / taps) / Swift.max(places, 1)) }

  /// Throws for columns that no machine holds.
  func check() throws { try Tensor.check([taps, Swift.min(samplesOfBlock, Swift.max(samples, 1)) * places]) }

  private func block(_ index: Int) -> Range<Int> { index * samplesOfBlock..<Swift.min(samples, (index + 1) * samplesOfBlock) }
  private var blocks: Int { (samples + samplesOfBlock - 1) / samplesOfBlock }

  /// narrow = weight * wide + bias: what a convolution computes, and what a transposed one's gradient does.
  func correlate(_ wide: Tensor, _ weight: Tensor, _ bias: Tensor?) throws -> Tensor {
    let span = Profile.Span("convolution", flops: flops); defer { span.end() }
    let result = Tensor(uninitialized: [samples, filters, places])
    let (wide, weight, bias) = (wide.detach().contiguous(), weight.detach().contiguous(), bias?.detach().contiguous())
    try Threads.parallel(rows: blocks) { range in
      for block in range.lazy.map(self.block) {
        let width = block.count * places
        let (columns, product) = (Storage(taps * width), Storage(filters * width))
        gather(wide.data, block, channels: 0..<channels, into: columns.pointer)
        for group in 0..<groups {
          try sgemm(
            weight.data + group * filtersOfGroup * tapsOfGroup, columns.pointer + group * tapsOfGroup * width,
            filtersOfGroup, width, tapsOfGroup, into: product.pointer + group * filtersOfGroup * width)
        }
        for sample in block {
          for filter in 0..<filters {
            let from = product.pointer + filter * width + (sample - block.lowerBound) * places
            let to = result.data + (sample * filters + filter) * places
            let constant = bias?.data[filter] ?? 0
            for j in 0..<places { to[j] = from[j] + constant }
          }
        }
      }
    }
    return result
  }

  /// wide = weightᵀ * narrow + bias: what a transposed convolution computes, and what a plain one's gradient does.
  func spread(_ narrow: Tensor, _ weight: Tensor, _ bias: Tensor?) throws -> Tensor {
    let span = Profile.Span("convolution", flops: flops); defer { span.end() }
    let result = Tensor(uninitialized: [samples, channels, length])
    let (narrow, weight, bias) = (narrow.detach().contiguous(), weight.detach().contiguous(), bias?.detach().contiguous())
    try Threads.parallel(rows: blocks) { range in
      for block in range.lazy.map(self.block) {
        let width = block.count * places
        let (columns, packed) = (Storage(taps * width), Storage(filters * width))
        pack(narrow.data, block, into: packed.pointer)
        for group in 0..<groups {
          try sgemm(
            weight.data + group * filtersOfGroup * tapsOfGroup, packed.pointer + group * filtersOfGroup * width,
            tapsOfGroup, width, filtersOfGroup, transposed: (true, false), into: columns.pointer + group * tapsOfGroup * width)
        }
        for row in block.lowerBound * channels..<block.upperBound * channels {
          (result.data + row * length).update(repeating: bias?.data[row % channels] ?? 0, count: length)
        }
        scatter(columns.pointer, block, into: result.data)
      }
    }
    return result
  }

  /// dL/dweight from wide and dL/dnarrow, or from dL/dwide and narrow.
  func slope(_ wide: Tensor, _ narrow: Tensor) throws -> Tensor {
    let span = Profile.Span("convolution", flops: flops); defer { span.end() }
    let result = Tensor.zeros([filters, channels / groups, kernel])
    let (wide, narrow) = (wide.detach().contiguous(), narrow.detach().contiguous())
    for block in (0..<blocks).lazy.map(self.block) {
      let width = block.count * places
      let (columns, packed) = (Storage(taps * width), Storage(filters * width))
      try Threads.parallel(rows: channels, minimum: Swift.max(1, (1 << 16) / Swift.max(kernel * width, 1))) { channels in
        gather(wide.data, block, channels: channels, into: columns.pointer)
      }
      pack(narrow.data, block, into: packed.pointer)
      let rowsWorthAThread = Swift.max(16, 2_000_000 / Swift.max(tapsOfGroup * width, 1))
      for group in 0..<groups {
        try Threads.parallel(rows: filtersOfGroup, minimum: rowsWorthAThread) { rows in
          let first = group * filtersOfGroup + rows.lowerBound
          try sgemm(
            packed.pointer + first * width, columns.pointer + group * tapsOfGroup * width, rows.count, tapsOfGroup, width,
            transposed: (false, true), beta: 1, into: result.data + first * tapsOfGroup)
        }
      }
    }
    return result
  }

  /// The places whose tap `t` lies inside the row.
  private func inside(_ t: Int) -> Range<Int> {
    let shift = t * dilation - padding
    let first = shift >= 0 ? 0 : Swift.min(places, (stride - 1 - shift) / stride)
    let end = length - 1 < shift ? 0 : Swift.min(places, (length - 1 - shift) / stride + 1)
    return first..<Swift.max(first, end)
  }

  /// columns[c · kernel + t, s · places + j] = wide[s, c, j · stride + t · dilation - padding], 0 outside.
  private func gather(_ wide: UnsafeMutablePointer<Float>, _ samples: Range<Int>, channels range: Range<Int>, into columns: UnsafeMutablePointer<Float>) {
    let width = samples.count * places
    for channel in range {
      for t in 0..<kernel {
        let valid = inside(t)
        let row = columns + (channel * kernel + t) * width
        for (slot, sample) in samples.enumerated() {
          let from = wide + ((sample * channels + channel) * length + t * dilation - padding)
          let to = row + slot * places
          for j in 0..<valid.lowerBound { to[j] = 0 }
          if stride == 1 { for j in valid { to[j] = from[j] } } else { for j in valid { to[j] = from[j * stride] } }
          for j in valid.upperBound..<places { to[j] = 0 }
        }
      }
    }
  }

  /// Adds back what `gather` took.
  private func scatter(_ columns: UnsafeMutablePointer<Float>, _ samples: Range<Int>, into wide: UnsafeMutablePointer<Float>) {
    let width = samples.count * places
    for channel in 0..<channels {
      for t in 0..<kernel {
        let valid = inside(t)
        let row = columns + (channel * kernel + t) * width
        for (slot, sample) in samples.enumerated() {
          let to = wide + ((sample * channels + channel) * length + t * dilation - padding)
          let from = row + slot * places
          if stride == 1 { for j in valid { to[j] += from[j] } } else { for j in valid { to[j * stride] += from[j] } }
        }
      }
    }
  }

  /// [samples, filters, places] of a block as the matrix [filters, block · places].
  private func pack(_ narrow: UnsafeMutablePointer<Float>, _ samples: Range<Int>, into matrix: UnsafeMutablePointer<Float>) {
    let width = samples.count * places
    for (slot, sample) in samples.enumerated() {
      for filter in 0..<filters {
        (matrix + filter * width + slot * places).update(from: narrow + (sample * filters + filter) * places, count: places)
      }
    }
  }
}

extension Tensor {
  /// The elements of a contiguous tensor.
  fileprivate var data: UnsafeMutablePointer<Float> { storage.pointer + offset }
}

/// out [m, n] = a [m, k] b [k, n] + beta out; all row by row, or stored the other way round where `transposed` says so.
private func sgemm(
  _ a: UnsafeMutablePointer<Float>, _ b: UnsafeMutablePointer<Float>, _ m: Int, _ n: Int, _ k: Int,
  transposed: (a: Bool, b: Bool) = (false, false), beta: Float = 0, into out: UnsafeMutablePointer<Float>
) throws {
  guard m > 0, n > 0 else { return }
  Threads.keepOneDNNToThisThread()
  let status = dnnl_sgemm(
    transposed.a ? 84 : 78, transposed.b ? 84 : 78, dnnl_dim_t(m), dnnl_dim_t(n), dnnl_dim_t(k), 1, a, dnnl_dim_t(transposed.a ? m : k), b,
    dnnl_dim_t(transposed.b ? k : n), beta, out, dnnl_dim_t(n))
  guard status == dnnl_success else { throw UsageError("oneDNN refused a \(m)x\(k) by \(k)x\(n) product (status \(status.rawValue))") }
}
