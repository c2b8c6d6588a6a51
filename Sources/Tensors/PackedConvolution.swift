/// Rows of places in memory, the channels of a place beside each other: [samples, places, channels], with `margin` places of zeros at either end of a row.
struct Places {
  let samples: Int
  let places: Int
  let channels: Int
  let margin: Int
  /// Of sample 0, place 0, channel 0.
  let pointer: UnsafeMutablePointer<Float>
  let sampleStride: Int
  let placeStride: Int

  /// `pointer` begins at sample 0's margin.
  init(_ samples: Int, _ places: Int, _ channels: Int, margin: Int = 0, in pointer: UnsafeMutablePointer<Float>) {
    self.init(
      samples: samples, places: places, channels: channels, margin: margin, pointer: pointer + margin * channels,
      sampleStride: (places + 2 * margin) * channels, placeStride: channels)
  }
  private init(
    samples: Int, places: Int, channels: Int, margin: Int, pointer: UnsafeMutablePointer<Float>, sampleStride: Int, placeStride: Int
  ) {
    (self.samples, self.places, self.channels, self.margin) = (samples, places, channels, margin)
    (self.pointer, self.sampleStride, self.placeStride) = (pointer, sampleStride, placeStride)
  }

  static func bytes(_ samples: Int, _ places: Int, _ channels: Int, margin: Int) -> Int { samples * (places + 2 * margin) * channels * 4 }

  @inline(__always) func row(_ sample: Int, _ place: Int) -> UnsafeMutablePointer<Float> {
    pointer + sample * sampleStride + place * placeStride
  }
  /// Some of the channels.
  func part(_ range: Range<Int>) -> Places {
    Places(
      samples: samples, places: places, channels: range.count, margin: margin, pointer: pointer + range.lowerBound, sampleStride: sampleStride,
      placeStride: placeStride)
  }
  /// Every second place, the even or the odd ones.
  func alternate(_ first: Int) -> Places {
    Places(
      samples: samples, places: places / 2, channels: channels, margin: 0, pointer: pointer + first * placeStride, sampleStride: sampleStride,
      placeStride: 2 * placeStride)
  }
}

/// A convolution along a row that is never trained: as a product of the weights with the inputs under the window, which lie beside each other.
public final class PackedConvolution: Sendable {
  let channels: Int
  let filters: Int
  private let kernel: Int
  private let stride: Int
  private let padding: Int
  private let layer: PanelLayer

  /// `weight` [filters, channels, kernel], `bias` [filters]; throws for other shapes.
  public init(weight: Tensor, bias: Tensor?, stride: Int = 1, padding: Int = 0) throws {
    guard weight.rank == 3, stride > 0, padding >= 0 else { throw UsageError("a convolution's weight has shape [filters, channels, kernel], got \(weight.shape)") }
    (filters, channels, kernel) = (weight.shape[0], weight.shape[1], weight.shape[2])
    (self.stride, self.padding) = (stride, padding)
    layer = try PanelLayer(weight: weight.permute([0, 2, 1]).reshape([filters, kernel * channels]), bias: bias)
  }

  /// A transposed convolution of kernel 4, stride 2 and padding 1 gives place 2m from places m - 1 and m, and place 2m + 1 from m and m + 1.
  /// `weight` [channels, filters, 4]; throws for other shapes.
  static func doubling(weight: Tensor, bias: Tensor?) throws -> (even: PackedConvolution, odd: PackedConvolution) {
    guard weight.rank == 3, weight.shape[2] == 4 else { throw UsageError("wanted a weight of shape [channels, filters, 4], got \(weight.shape)") }
    func taps(_ first: Int, _ second: Int) throws -> Tensor {
      try Tensor.cat([weight.narrow(2, first, 1), weight.narrow(2, second, 1)], dim: 2).permute([1, 0, 2])
    }
    return (
      try PackedConvolution(weight: taps(3, 1), bias: bias, padding: 1), try PackedConvolution(weight: taps(2, 0), bias: bias)
    )
  }

  /// The convolution of `source` into `result`.
  func call(source: Places, result: Places) -> any PackedStep {
    precondition(source.channels == channels && result.channels == filters && source.samples == result.samples, "places that do not fit")
    precondition(kernel == 1 || source.placeStride == channels, "a window's places lie one after the other")
    return ConvolutionCall(layer, samplesApart(source, result) ? bySample(source, result) : byPlace(source, result))
  }

  /// Whether a sample's places make more rows of a product than the samples do.
  private func samplesApart(_ source: Places, _ result: Places) -> Bool {
    source.samples < 4 && result.places > source.samples && padding <= source.margin
      && (result.places - 1) * stride - padding + kernel <= source.places + source.margin
  }

  /// One product for each sample, over its places with their margins.
  private func bySample(_ source: Places, _ result: Places) -> [PanelRows] {
    (0..<source.samples).map { sample in
      PanelRows(
        rows: result.places, source: source.row(sample, -padding), sourceStride: stride * source.placeStride, inputs: 0..<kernel * channels,
        result: result.row(sample, 0), resultStride: result.placeStride)
    }
  }

  /// One product for each place, over the samples, with those taps alone that lie inside the row.
  private func byPlace(_ source: Places, _ result: Places) -> [PanelRows] {
    (0..<result.places).map { place in
      let first = place * stride - padding
      let taps = Swift.max(0, -first)..<Swift.min(kernel, source.places - first)
      return PanelRows(
        rows: source.samples, source: source.row(0, first + taps.lowerBound), sourceStride: source.sampleStride,
        inputs: taps.lowerBound * channels..<taps.upperBound * channels, result: result.row(0, place), resultStride: result.sampleStride)
    }
  }
}

/// A convolution bound to memory.
private final class ConvolutionCall: PackedStep {
  private let layer: PanelLayer
  private let pieces: [PanelRows]

  init(_ layer: PanelLayer, _ pieces: [PanelRows]) { (self.layer, self.pieces) = (layer, pieces) }

  func run() { layer.panels.multiply(pieces, bias: layer.bias.floats) }
}

/// A copy from places to others.
final class PlacesCopy: PackedStep {
  private let source: Places
  private let result: Places

  init(_ source: Places, to result: Places) { (self.source, self.result) = (source, result) }

  func run() {
    for sample in 0..<source.samples {
      for place in 0..<source.places { result.row(sample, place).update(from: source.row(sample, place), count: source.channels) }
    }
  }
}
