/// Memory for a fixed number of samples of one `PackedUNet1d`, and its layers bound to it. One thread at a time.
final class UNetEvaluation: PackedEvaluation {
  let rows: Int
  private let network: PackedUNet1d
  private let (x, seen, activated, film, result): (PackedBuffer, PackedBuffer, PackedBuffer, PackedBuffer, PackedBuffer)
  private let time: PackedTime
  private let entering: PlacesCopy
  private let steps: [any PackedStep]
  /// What the steps read and write between the two ends.
  private let inner: [PackedBuffer]

  var sample: UnsafeMutablePointer<Float> { x.floats }
  var observation: UnsafeMutablePointer<Float> { seen.floats }
  var value: UnsafeMutablePointer<Float> { result.floats }

  init(_ network: PackedUNet1d, rows: Int) {
    (self.network, self.rows) = (network, rows)
    x = PackedBuffer(bytes: rows * network.size * 4)
    result = PackedBuffer(bytes: rows * network.size * 4)
    seen = PackedBuffer(bytes: rows * network.observationSize * 4)
    activated = PackedBuffer(bytes: rows * network.observationSize * 4)
    film = PackedBuffer(bytes: rows * network.film.outputs * 4)
    time = PackedTime(network.timeFilm.floats)
    var plan = UNetSteps(network, rows: rows, film: film, time: time)
    let start = plan.places(network.horizon, network.actionSize, "x")
    entering = PlacesCopy(Places(rows, network.horizon, network.actionSize, in: x.floats), to: start)
    plan.write(from: start, to: Places(rows, network.horizon, network.actionSize, in: result.floats))
    (steps, inner) = (plan.steps, Array(plan.memory.values))
  }

  func observe() throws {
    activated.floats.update(from: seen.floats, count: rows * network.observationSize)
    PackedActivation.mish.apply(activated.floats, to: activated.floats, rows * network.observationSize)
    network.film(rows, activated.floats, film.floats)
  }

  func evaluate(time index: Int) throws {
    time.row = UnsafePointer(network.timeFilm.floats + index * network.film.outputs)
    entering.run()
    for step in steps {
      try Interrupt.check()
      try step.run()
    }
  }
}

/// The network written out for some memory.
private struct UNetSteps {
  private let network: PackedUNet1d
  private let rows: Int
  private let film: PackedBuffer
  private let time: PackedTime
  private let margin: Int
  private(set) var steps: [any PackedStep] = []
  private(set) var memory: [String: PackedBuffer] = [:]
  /// Of the next block's FiLM.
  private var filmStart = 0

  init(_ network: PackedUNet1d, rows: Int, film: PackedBuffer, time: PackedTime) {
    (self.network, self.rows, self.film, self.time) = (network, rows, film, time)
    let parts = (network.down + [network.middle] + network.up).flatMap { [$0.first.first, $0.first.second, $0.second.first, $0.second.second] }
    margin = (parts + [network.end]).reduce(1) { Swift.max($0, $1.margin) }
  }

  /// The places of this size and name: the same memory at every call.
  mutating func places(_ count: Int, _ channels: Int, _ name: String) -> Places {
    let key = "\(name) \(count) \(channels)"
    let buffer = memory[key] ?? PackedBuffer(bytes: Places.bytes(rows, count, channels, margin: margin))
    memory[key] = buffer
    return Places(rows, count, channels, margin: margin, in: buffer.floats)
  }

  mutating func write(from start: Places, to result: Places) {
    var hidden = start
    var kept: [Places] = []
    for (index, level) in network.down.enumerated() {
      hidden = run(level, hidden)
      // The way up takes every level's but the first's.
      if index > 0 {
        let both = places(hidden.places, 2 * hidden.channels, "both")
        steps.append(PlacesCopy(hidden, to: both.part(hidden.channels..<2 * hidden.channels)))
        kept.append(both)
      }
      hidden = resize(level, hidden)
    }
    hidden = run(network.middle, hidden)
    for level in network.up {
      let both = kept.removeLast()
      steps.append(PlacesCopy(hidden, to: both.part(0..<hidden.channels)))
      hidden = resize(level, run(level, both))
    }
    let last = places(hidden.places, network.end.convolution.filters, "last")
    run(network.end, hidden, to: last)
    steps.append(network.head.call(source: last, result: result))
  }

  private mutating func run(_ level: PackedUNet1d.Level, _ input: Places) -> Places {
    let between = block(level.first, input, "first")
    return block(level.second, between, "second")
  }

  private mutating func block(_ block: PackedUNet1d.Block, _ input: Places, _ name: String) -> Places {
    let channels = block.first.convolution.filters
    let (hidden, result) = (places(input.places, channels, "hidden"), places(input.places, channels, name))
    let here = PackedFilm(observation: film.floats, stride: network.film.outputs, time: time, first: filmStart, scales: block.predictsScale)
    filmStart += block.filmSize
    run(block.first, input, to: hidden, film: here)
    var added = input
    if let residual = block.residual {
      added = places(input.places, channels, "residual")
      steps.append(residual.call(source: input, result: added))
    }
    run(block.second, hidden, to: result, adding: added)
    return result
  }

  private mutating func run(_ part: PackedUNet1d.Part, _ input: Places, to result: Places, film: PackedFilm? = nil, adding added: Places? = nil) {
    let (count, channels) = (input.places, part.convolution.filters)
    let name = "sums \(count) \(channels)"
    let buffer = memory[name] ?? PackedBuffer(bytes: Places.bytes(rows, count, channels, margin: 0))
    memory[name] = buffer
    let sums = Places(rows, count, channels, in: buffer.floats)
    steps.append(part.convolution.call(source: input, result: sums))
    steps.append(GroupNormCall(part.norm, source: sums, result: result, film: film, adding: added))
  }

  private mutating func resize(_ level: PackedUNet1d.Level, _ input: Places) -> Places {
    switch level.resize {
    case .none: return input
    case .half(let convolution):
      let result = places((input.places + 1) / 2, convolution.filters, "half")
      steps.append(convolution.call(source: input, result: result))
      return result
    case .double(let even, let odd):
      let result = places(2 * input.places, even.filters, "double")
      steps.append(even.call(source: input, result: result.alternate(0)))
      steps.append(odd.call(source: input, result: result.alternate(1)))
      return result
    }
  }
}
