import Glibc
import Tensors

extension PushTOptions: DemonstratedOptions {
  public func demonstrator(_ stream: RandomStream) throws -> any Demonstrator { PushTDemonstrator(goal: try PushT(self).goal, stream: stream) }
}

/// Pushes the T where that brings it nearest to its goal, goes round it to the next such place, and so on. Every episode has a style of its own: how much turning
/// counts against moving, which places it likes, and how fast it goes.
struct PushTDemonstrator: Demonstrator {
  private let goal: PushTModel.Pose
  private var stream: RandomStream
  /// Metres that a radian of the block's error counts for.
  private var arm = 0.1
  /// A factor on the gain of each contact.
  private var taste = PushTContact.all.map { _ in 1.0 }
  /// Metres from the disc to its target when it goes round.
  private var pace = 0.08
  private var contact: Int?
  private var steps = 0

  private static let unsteadiness = 0.002
  /// From the disc's middle to the block on the way round.
  private static let clearance = PushTModel.discRadius + 0.012

  init(goal: PushTModel.Pose, stream: RandomStream) { (self.goal, self.stream) = (goal, stream) }

  mutating func beginEpisode() {
    (arm, pace, contact, steps) = (stream.uniform(0.06, 0.14), stream.uniform(0.05, 0.1), nil, 0)
    for index in taste.indices { taste[index] = max(0.1, 1 + 0.3 * stream.normal()) }
  }

  mutating func action(for observation: [Double]) -> [Double] {
    let disc = PushTModel.half * SIMD2(observation[0], observation[1])
    let pose = PushTModel.Pose(place: PushTModel.half * SIMD2(observation[2], observation[3]), angle: atan2(observation[5], observation[4]))
    var target = pose.outward(target(of: pose.inward(disc), pose))
    target += PushTDemonstrator.unsteadiness * SIMD2(stream.normal(), stream.normal())
    return Box(symmetric: 1, count: 2).clip([target.x / PushTModel.half, target.y / PushTModel.half])
  }

  /// Where the disc is to go next, both in the block's frame.
  private mutating func target(of disc: SIMD2<Double>, _ pose: PushTModel.Pose) -> SIMD2<Double> {
    let turn = (goal.angle - pose.angle).remainder(dividingBy: 2 * .pi)
    let error = PushTContact.Error(way: PushTModel.Pose.turned(goal.place - pose.place, -pose.angle), turn: turn)
    let all = PushTContact.all
    if let old = contact, all[old].gain(error, arm: arm).distance < 0.002 || steps > 40 { contact = nil }
    let chosen = contact ?? all.indices.max { all[$0].gain(error, arm: arm).gain * taste[$0] < all[$1].gain(error, arm: arm).gain * taste[$1] } ?? 0
    steps = contact == nil ? 1 : steps + 1
    contact = chosen

    let (point, normal) = (all[chosen].point, all[chosen].normal)
    let distance = all[chosen].gain(error, arm: arm).distance
    let away = disc - point
    let (depth, aside) = (away.x * normal.x + away.y * normal.y, abs(cross(normal, away)))
    if aside < 0.012, depth < 0, -depth < PushTModel.discRadius + 0.03 {
      // The spring pulls with a delay: a little more than the push is to be.
      let push = distance < 0.02 ? 0.9 * distance + 0.01 : min(distance, 0.04) + 0.03
      return point + (push - PushTModel.discRadius) * normal
    }
    let way = PushTDemonstrator.wayRound(from: disc, to: point - PushTDemonstrator.clearance * normal) - disc
    let far = length(way)
    return disc + (far > pace ? pace / far : 1) * way
  }

  /// Corners of the ways round the T, in its frame.
  private static let corners: [SIMD2<Double>] = [
    SIMD2(-0.19, 0.15), SIMD2(0, 0.15), SIMD2(0.19, 0.15), SIMD2(0.19, 0.05), SIMD2(0.19, -0.03), SIMD2(0.1, -0.04), SIMD2(0.1, -0.23), SIMD2(0, -0.23),
    SIMD2(-0.1, -0.23), SIMD2(-0.1, -0.04), SIMD2(-0.19, -0.03), SIMD2(-0.19, 0.05),
  ]

  /// The first corner of the shortest way (Dijkstra 1959) on which the disc keeps clear of the block; straight away from the block where it is too near to it.
  private static func wayRound(from start: SIMD2<Double>, to end: SIMD2<Double>) -> SIMD2<Double> {
    func isFree(_ a: SIMD2<Double>, _ b: SIMD2<Double>) -> Bool {
      (0..<15).allSatisfy { PushTModel.distance(a + Double($0) / 14 * (b - a)) >= clearance - 0.006 }
    }
    if isFree(start, end) { return end }
    let nodes = [start] + corners + [end]
    var far = [Double](repeating: .infinity, count: nodes.count)
    var before = [Int](repeating: 0, count: nodes.count)
    var open = Set(nodes.indices)
    far[0] = 0
    while let node = open.min(by: { (far[$0], $0) < (far[$1], $1) }), far[node] < .infinity {
      open.remove(node)
      for other in open {
        let way = far[node] + length(nodes[node] - nodes[other])
        if way < far[other], isFree(nodes[node], nodes[other]) { (far[other], before[other]) = (way, node) }
      }
    }
    var node = nodes.count - 1
    guard far[node] < .infinity else { return start + 0.05 / max(length(start), 1e-9) * start }
    while before[node] != 0 { node = before[node] }
    return nodes[node]
  }
}
