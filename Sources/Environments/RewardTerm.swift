/// A summand of a MuJoCo task's reward.
struct RewardTerm {
  /// Gymnasium's name for it in `info`; nil where it has none.
  let name: String?
  /// For a reader: |x| is a Euclidean norm, x' a speed.
  let formula: String
  let value: (MuJoCoTask.Moment) -> Double

  /// Paid for speed along x.
  static func forward(_ weight: Double) -> RewardTerm {
    RewardTerm(name: "reward_forward", formula: times(weight, "x'")) { weight * $0.speed.x }
  }

  /// Paid for every healthy state.
  static func survive(_ reward: Double) -> RewardTerm {
    RewardTerm(name: "reward_survive", formula: Box.short(reward) + " while healthy") { $0.isHealthy ? reward : 0 }
  }

  /// Charged for the action as given; the motors clamp it, this does not.
  static func effort(_ weight: Double, name: String = "reward_ctrl") -> RewardTerm {
    RewardTerm(name: name, formula: times(-weight, "|action|²")) { moment in
      var sum = 0.0
      for force in moment.action { sum += force * force }
      return -(weight * sum)
    }
  }

  /// Charged for the forces of contacts on all bodies, as far as the cost lies in `range`.
  static func contact(_ weight: Double, _ forces: Reading, range: Interval, name: String = "reward_contact") -> RewardTerm {
    let bounds = range.low == -.infinity && range.high == .infinity ? "" : " (the cost within \(range))"
    return RewardTerm(name: name, formula: times(-weight, "|contact forces|²") + bounds) { _ in -range.clip(weight * forces.sumOfSquares) }
  }

  /// Charged for a distance.
  static func distance(_ weight: Double, _ way: Reading, name: String, _ formula: String) -> RewardTerm {
    RewardTerm(name: name, formula: times(-weight, formula)) { _ in -way.sumOfSquares.squareRoot() * weight }
  }

  /// "2 x'", "- 0.1 x'"
  static func times(_ weight: Double, _ factor: String) -> String {
    let size = abs(weight)
    return (weight < 0 || weight.sign == .minus ? "- " : "") + (size == 1 ? "" : Box.short(size) + " ") + factor
  }

  /// The formula of a sum.
  static func sum(_ terms: [RewardTerm]) -> String {
    terms.map(\.formula).enumerated().map { $0 == 0 || $1.hasPrefix("- ") ? $1 : "+ " + $1 }.joined(separator: " ")
  }
}
