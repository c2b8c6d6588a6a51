/// A group norm's parameters: gain and bias [channels].
public struct PackedGroupNorm: Sendable {
  let groups: Int
  let epsilon: Float
  let gain: PackedBuffer
  let bias: PackedBuffer
  let channels: Int

  /// Throws for shapes and groups that do not fit.
  public init(groups: Int, gain: Tensor, bias: Tensor, epsilon: Float) throws {
    let channels = gain.count
    guard gain.shape == [channels], bias.shape == [channels], groups > 0, channels % groups == 0 else {
      throw UsageError("a group norm has gain and bias of shape [channels] and groups that divide them, got \(gain.shape), \(bias.shape) and \(groups)")
    }
    (self.groups, self.epsilon, self.channels) = (groups, epsilon, channels)
    (self.gain, self.bias) = (PackedBuffer(bytes: 4 * channels), PackedBuffer(bytes: 4 * channels))
    gain.withPointer { self.gain.floats.update(from: $0, count: channels) }
    bias.withPointer { self.bias.floats.update(from: $0, count: channels) }
  }
}

/// FiLM's numbers for a time, which change from one evaluation to the next.
final class PackedTime {
  var row: UnsafePointer<Float>
  init(_ row: UnsafePointer<Float>) { self.row = row }
}

/// Where a block finds its FiLM: what the observation gives, a row for each sample, and what the time gives, both from `first` on.
struct PackedFilm {
  let observation: UnsafePointer<Float>
  let stride: Int
  let time: PackedTime
  let first: Int
  /// Scales, then shifts; else shifts alone.
  let scales: Bool
}

/// result = film(mish(norm(source))) + added, sample by sample; the source is used up.
final class GroupNormCall: PackedStep {
  private let norm: PackedGroupNorm
  private let source: Places
  private let result: Places
  private let film: PackedFilm?
  private let added: Places?
  /// Mean, scale, FiLM's scale and FiLM's shift of each channel.
  private let room: PackedBuffer

  init(_ norm: PackedGroupNorm, source: Places, result: Places, film: PackedFilm? = nil, adding added: Places? = nil) {
    precondition(source.channels == norm.channels && source.placeStride == norm.channels, "places that do not fit")
    (self.norm, self.source, self.result, self.film, self.added) = (norm, source, result, film, added)
    room = PackedBuffer(bytes: 16 * norm.channels)
  }

  func run() {
    let channels = norm.channels
    let (mean, scale) = (room.floats, room.floats + channels)
    let (filmScale, filmShift) = (room.floats + 2 * channels, room.floats + 3 * channels)
    for sample in 0..<source.samples {
      statistics(sample, mean, scale)
      let shift = UnsafePointer(norm.bias.floats)
      for place in 0..<source.places {
        let row = source.row(sample, place)
        for c in 0..<channels { row[c] = (row[c] - mean[c]) * scale[c] + shift[c] }
      }
      transform(source.row(sample, 0), to: source.row(sample, 0), source.places * channels, fastMish)
      if let film { read(film, sample, filmScale, filmShift) }
      for place in 0..<source.places {
        let (row, to) = (UnsafePointer(source.row(sample, place)), result.row(sample, place))
        if let film {
          if film.scales { for c in 0..<channels { to[c] = row[c] * filmScale[c] + filmShift[c] } }
          else { for c in 0..<channels { to[c] = row[c] + filmShift[c] } }
        } else if let added {
          let more = UnsafePointer(added.row(sample, place))
          for c in 0..<channels { to[c] = row[c] + more[c] }
        } else {
          to.update(from: row, count: channels)
        }
      }
    }
  }

  /// Of each channel its group's mean, and its gain over its group's deviation.
  private func statistics(_ sample: Int, _ mean: UnsafeMutablePointer<Float>, _ scale: UnsafeMutablePointer<Float>) {
    let (channels, members) = (norm.channels, norm.channels / norm.groups)
    let count = Float(members * source.places)
    for c in 0..<channels { mean[c] = 0 }
    for place in 0..<source.places {
      let row = UnsafePointer(source.row(sample, place))
      for c in 0..<channels { mean[c] += row[c] }
    }
    for group in 0..<norm.groups {
      let first = group * members
      let value = Tensors.sum(mean + first, members) / count
      for c in first..<first + members { mean[c] = value }
    }
    for c in 0..<channels { scale[c] = 0 }
    for place in 0..<source.places {
      let row = UnsafePointer(source.row(sample, place))
      for c in 0..<channels {
        let rest = row[c] - mean[c]
        scale[c] += rest * rest
      }
    }
    let gain = UnsafePointer(norm.gain.floats)
    for group in 0..<norm.groups {
      let first = group * members
      let inverse = 1 / (Tensors.sum(scale + first, members) / count + norm.epsilon).squareRoot()
      for c in first..<first + members { scale[c] = inverse * gain[c] }
    }
  }

  private func read(_ film: PackedFilm, _ sample: Int, _ scale: UnsafeMutablePointer<Float>, _ shift: UnsafeMutablePointer<Float>) {
    let channels = norm.channels
    let (seen, time) = (film.observation + sample * film.stride + film.first, film.time.row + film.first)
    if film.scales {
      for c in 0..<channels { scale[c] = seen[c] + time[c] }
      for c in 0..<channels { shift[c] = seen[channels + c] + time[channels + c] }
    } else {
      for c in 0..<channels { shift[c] = seen[c] + time[c] }
    }
  }
}
