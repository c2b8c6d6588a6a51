import Tensors

/// So many numbers may be kept for the times of a plan: 64 MB.
let mostTimeNumbers = 1 << 24

extension UNet1d {
  /// The network as it is now, packed for these times; nil with the larger encoder, and where what it hears of so
  /// many times would fill the memory.
  public func packed(times: [Float]) throws -> PackedUNet1d? {
    guard !config.largerEncoder else { return nil }
    let blocks = (down + [middle] + up).flatMap { [$0.first, $0.second] }
    let width = blocks.reduce(0) { $0 + $1.conditionEncoder.outputs }
    guard !times.isEmpty, times.count <= mostTimeNumbers / width else { return nil }
    return try Tensor.withoutGrad {
      let heard = try timeEmbedding(Tensor(times)).mish()
      let timeSize = timeEmbedding.size
      let film = try Tensor.cat(blocks.map { try $0.conditionEncoder.weight.narrow(1, timeSize, conditionSize) }, dim: 0)
      let timeFilm = try Tensor.cat(blocks.map {
        try heard.linear($0.conditionEncoder.weight.narrow(1, 0, timeSize), $0.conditionEncoder.bias)
      }, dim: 1)
      return try PackedUNet1d(
        horizon: horizon, actionSize: actionSize, down: down.map { try $0.packed() }, middle: middle.packed(), up: up.map { try $0.packed() },
        end: finalBlock.packed(), head: finalConvolution.packed(), film: film, timeFilm: timeFilm)
    }
  }
}

extension UNet1d.Level {
  fileprivate func packed() throws -> PackedUNet1d.Level {
    let change: PackedUNet1d.Resize
    switch resize {
    case let half as Downsample1d: change = try .halving(weight: half.convolution.weight.detach(), bias: half.convolution.bias?.detach())
    case let double as Upsample1d: change = try .doubling(weight: double.convolution.weight.detach(), bias: double.convolution.bias?.detach())
    default: change = .none
    }
    return PackedUNet1d.Level(first: try first.packed(), second: try second.packed(), resize: change)
  }
}

extension ConditionalResidualBlock1d {
  fileprivate func packed() throws -> PackedUNet1d.Block {
    PackedUNet1d.Block(first: try first.packed(), second: try second.packed(), residual: try residual?.packed(), predictsScale: predictsScale)
  }
}

extension Conv1dBlock {
  fileprivate func packed() throws -> PackedUNet1d.Part {
    let packedNorm = try PackedGroupNorm(groups: norm.groups, gain: norm.weight.detach(), bias: norm.bias.detach(), epsilon: norm.epsilon)
    return try PackedUNet1d.Part(weight: convolution.weight.detach(), bias: convolution.bias?.detach(), norm: packedNorm)
  }
}

extension Conv1d {
  /// For a window without dilation and groups.
  fileprivate func packed() throws -> PackedConvolution {
    try PackedConvolution(weight: weight.detach(), bias: bias?.detach(), stride: window.stride, padding: window.padding)
  }
}
