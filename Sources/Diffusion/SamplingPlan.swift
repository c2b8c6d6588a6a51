import Tensors

/// What a plan computes with: tensors, or the values of a graph that is written down.
protocol PlanPoint {
  static func + (a: Self, b: Self) throws -> Self
  static func * (k: Float, a: Self) throws -> Self
  func clamp(_ low: Float, _ high: Float) throws -> Self
}

extension Tensor: PlanPoint {}

/// A sampler written out for one process: the evaluations of the network one after another. Every sampler here is linear in its points and in
/// what the network says of them, so one form holds them all.
public struct SamplingPlan: Sendable, Equatable {
  /// One evaluation at the point z and the point it leads to.
  public struct Move: Sendable, Equatable {
    /// What the network is told of the noise.
    public var time: Double
    /// The value: clip(skip · z + out · F(inputScale · z, time)).
    public var inputScale = 1.0
    public var skip: Double
    public var out: Double
    public var clip: Double?
    /// The next point: keep · base + Σ add[j] · value, the newest value first, + spread · ε.
    public var keep: Double
    public var add: [Double]
    public var spread = 0.0
    /// Bound of the next point, ±; nil: none.
    public var bound: Double?
    /// The next point is the base of what follows.
    public var ends = true
    /// The share of signal and of noise in the point: x = signal · x_0 + noise · ε.
    public var signal: Double
    public var noise: Double
  }

  public var moves: [Move]
  /// The first point: mean + scale · w + spread · ε.
  public var scale: Coordinates = 1
  public var mean: Coordinates = 0
  public var spread = 0.0
  /// Bound of the noise that is drawn inside, ±; nil: none.
  public var noiseClip: Double?
  /// Bound of the result, ±; nil: none.
  public var finalClip: Double?

  /// The result follows from the initial noise alone.
  public var isDeterministic: Bool { spread == 0 && moves.allSatisfy { $0.spread == 0 } }

  /// The first point of noises w, without `spread`; times `factor` in coordinates that are so much larger.
  func start(_ noise: Tensor, factor: Double = 1) throws -> Tensor {
    try mean.map { $0 * factor }.plus(scale.map { $0 * factor }.times(noise))
  }
  /// The noises whose first points are these.
  func noise(startingAt point: Tensor) throws -> Tensor { try scale.map { 1 / $0 }.times(mean.map { -$0 }.plus(point)) }

  /// [n, latent] noise -> [n, latent] sample. `value` is the network at a point and the number of the move; `inner` draws the noise inside, nil
  /// where it is not wanted; `watch` sees each move's point and value.
  public func run(
    from noise: Tensor, inner: (() throws -> Tensor)? = nil, watch: ((_ move: Int, _ point: Tensor, _ value: Tensor) throws -> Void)? = nil,
    _ network: (_ x: Tensor, _ move: Int) throws -> Tensor
  ) throws -> Tensor {
    try follow(from: start(noise), inner: inner, watch: watch, network)
  }

  /// The same for whatever the plan computes with, from the first point without its spread.
  func follow<Point: PlanPoint>(
    from start: Point, inner: (() throws -> Point)?, watch: ((_ move: Int, _ point: Point, _ value: Point) throws -> Void)?,
    _ network: (_ x: Point, _ move: Int) throws -> Point
  ) throws -> Point {
    func drawn(_ spread: Double) throws -> Point? {
      guard spread != 0, let inner else { return nil }
      let noise = try inner()
      return try Float(spread) * (noiseClip.map { try noise.clamp(Float(-$0), Float($0)) } ?? noise)
    }
    var base = start
    if let more = try drawn(spread) { base = try base + more }
    var point = base
    var values: [Point] = []
    let depth = moves.map(\.add.count).max() ?? 1
    for (i, move) in moves.enumerated() {
      let said = try network(move.inputScale == 1 ? point : Float(move.inputScale) * point, i)
      var value = move.out == 1 ? said : try Float(move.out) * said
      if move.skip != 0 { value = try Float(move.skip) * point + value }
      if let clip = move.clip { value = try value.clamp(Float(-clip), Float(clip)) }
      try watch?(i, point, value)
      values.insert(value, at: 0)
      if values.count > depth { values.removeLast() }
      var next: Point? = move.keep == 0 ? nil : move.keep == 1 ? base : try Float(move.keep) * base
      for (share, value) in zip(move.add, values) where share != 0 {
        let part = share == 1 ? value : try Float(share) * value
        next = try next.map { try $0 + part } ?? part
      }
      if let more = try drawn(move.spread) { next = try next.map { try $0 + more } ?? more }
      point = try next ?? 0 * point
      if let bound = move.bound { point = try point.clamp(Float(-bound), Float(bound)) }
      if move.ends { base = point }
    }
    return try finalClip.map { try point.clamp(Float(-$0), Float($0)) } ?? point
  }
}

extension SamplingPlan.Move {
  /// An evaluation at a level; its value is the denoised sample.
  init(_ level: Level, clip: Double?, keep: Double, add: [Double], spread: Double = 0, ends: Bool = true) {
    self.init(
      time: level.time, inputScale: level.inputScale, skip: level.skip, out: level.out, clip: clip, keep: keep, add: add, spread: spread, ends: ends,
      signal: level.signal, noise: level.noise)
  }
}
