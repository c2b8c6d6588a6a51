import Tensors

/// How a MuJoCo task's episodes start: at the model's initial position and at rest, but for what is drawn.
struct ResetLaw {
  /// What is added to every position.
  var position = Spread.none
  /// What is added to every velocity.
  var velocity = Spread.none
  /// What is put in the place of some positions.
  var placed: [Place] = []
  /// So many of the last velocities are zero all the same.
  var stillVelocities = 0

  enum Spread {
    case none
    /// On [-scale, scale).
    case uniform(Double)
    /// With this standard deviation.
    case normal(Double)

    func add(to values: inout [Double], _ stream: inout RandomStream) {
      switch self {
      case .none: return
      case .uniform(let scale): for index in values.indices { values[index] += stream.uniform(-scale, scale) }
      case .normal(let scale): for index in values.indices { values[index] += scale * stream.normal() }
      }
    }

    func text(_ name: String) -> String {
      switch self {
      case .none: name + " as in the model"
      case .uniform(let scale): name + " ± \(Box.short(scale))"
      case .normal(let scale): name + " + \(Box.short(scale)) N(0, 1)"
      }
    }
  }

  /// A point drawn uniformly from a box, again and again until its distance from the origin lies in an interval.
  struct Place {
    let name: String
    /// Of its coordinates among the positions, from the end: -2 for the last two.
    let first: Int
    let box: Box
    var distance = Interval(low: 0, isClosed: true)

    func draw(_ stream: inout RandomStream) -> [Double] {
      while true {
        let point = zip(box.low, box.high).map { stream.uniform($0, $1) }
        if distance.contains(point.reduce(0) { $0 + $1 * $1 }.squareRoot()) { return point }
      }
    }
  }

  /// Draws a position and a velocity; `initial` is the model's own position.
  func draw(from initial: [Double], velocities: Int, _ stream: inout RandomStream) -> (position: [Double], velocity: [Double]) {
    var position = initial
    var velocity = [Double](repeating: 0, count: velocities)
    self.position.add(to: &position, &stream)
    for place in placed {
      let start = position.count + place.first
      position.replaceSubrange(start..<start + place.box.count, with: place.draw(&stream))
    }
    self.velocity.add(to: &velocity, &stream)
    for index in velocity.indices.suffix(stillVelocities) { velocity[index] = 0 }
    return (position, velocity)
  }

  var text: String {
    let points = placed.map { place in
      if place.box.low == place.box.high { return "\(place.name) at \(place.box.low.map(Box.short).joined(separator: ", "))" }
      let bound = place.distance.low == 0 && place.distance.high == .infinity ? "" : ", |\(place.name)| in \(place.distance)"
      return "\(place.name) in \(place.box)\(bound)"
    }
    return ([position.text("positions"), velocity.text("velocities")] + points).joined(separator: ", ")
  }
}
