import FoundationEssentials
import Glibc
import Runs
import Testing

/// Disks that are full or cannot be written: what is said, what is kept, how it ends. Both want file systems of their own, which root alone may mount.
@Suite struct FullDiskTests {
  /// The program's folder with a file system at `place` in it; nil where none may be mounted. The caller unmounts.
  private func mounted(_ place: String, _ command: String) throws -> Program? {
    let program = try Program()
    let outcome = try program.shell("mkdir \(place) && \(command)")
    guard outcome.code != 0 else { return program }
    print("file systems cannot be mounted here (\(outcome.errors.split(separator: "\n").last ?? "")), so a \(place) disk was not tried")
    _ = try program.shell("umount -l \(place)")
    try program.remove()
    return nil
  }
  private func end(_ program: Program, _ place: String) throws {
    #expect(try program.shell("umount -l \(place)").code == 0)
    try program.remove()
  }

  /// The run says what happened and fails; what it has logged can be read, and it goes on where there is room again.
  @Test func aRunFillsTheDisk() throws {
    guard let program = try mounted("full", "mount -t tmpfs -o size=200k tmpfs full") else { return }
    try program.write("script.lua", "for step = 1, 2000 do dsrl.run.log(step, {[\"eval/mean_reward\"] = step}) end")
    let outcome = try program.run(["run", "script.lua", "--out", "full/r"])
    #expect(outcome.code == 1 && outcome.errors.contains("script.lua:1: cannot write 'full/r/") && outcome.errors.contains("No space left on device"), "\(outcome.code) \(outcome.errors)")
    let records = try Metrics.read(program.folder + "/full/r")
    #expect(records.count > 100 && records.indices.allSatisfy { records[$0].step == $0 + 1 && records[$0].values["eval/mean_reward"] == Double($0 + 1) })
    #expect(try Manifest.read(program.folder + "/full/r").status != .finished)
    let second = try program.run(["run", "script.lua", "--out", "full/second"])
    #expect(second.code == 2 && second.errors.contains("No space left on device"), "\(second.code) \(second.errors)")

    #expect(try program.shell("mount -o remount,size=4m full").code == 0)
    let resumed = try program.run(["run", "script.lua", "--resume", "full/r"])
    #expect(try resumed.code == 0 && Metrics.read(program.folder + "/full/r").count == 2000, "\(resumed.errors)")
    try end(program, "full")
  }

  /// agent:learn goes on to its end where its checkpoint has no room, and says so.
  @Test func aCheckpointHasNoRoom() throws {
    guard let program = try mounted("full", "mount -t tmpfs -o size=600k tmpfs full") else { return }
    try program.write(
      "script.lua",
      """
      local agent = dsrl.agent.sac{env = dsrl.env.make("PointFork-v0", {num_envs = 1}), hidden = {256, 256}, batch_size = 8, learning_starts = 20}
      agent:learn{steps = 40}
      print("learned", agent.environment_steps)
      """)
    let outcome = try program.run(["run", "script.lua", "--out", "full/r"])
    #expect(outcome.output == "learned\t40\n" && outcome.errors.contains("would be repeated on --resume") && outcome.errors.contains("No space left on device"), "\(outcome.output)\(outcome.errors)")
    #expect(try outcome.code == 0 && Manifest.read(program.folder + "/full/r").status == .finished && !program.exists("full/r/checkpoints"))
    try end(program, "full")
  }

  /// Cells that find no room fail by name with code 3; the finished ones stay, and with room --failed does the rest.
  @Test func aSuiteFillsTheDisk() throws {
    guard let program = try mounted("full", "mount -t tmpfs -o size=300k tmpfs full") else { return }
    try program.write("cell.lua", "local opt = dsrl.options{method = 'a'}\nfor step = 1, opt.method == 'a' and 5 or 3000 do dsrl.run.log(step, {['eval/mean_reward'] = step}) end")
    try program.write("suite.lua", "return dsrl.suite{name = 's', script = 'cell.lua', grid = {method = {'a', 'b'}, seed = {1, 2}}}")
    let outcome = try program.run(["bench", "suite.lua", "--out", "full/s"])
    #expect(outcome.code == 3 && outcome.output.contains("2 of 4 cells finished, 0 running, 0 waiting, 2 failed"), "\(outcome.code) \(outcome.output)\(outcome.errors)")
    #expect(outcome.output.contains("failed: method=b seed=1") && outcome.errors.contains("no space is left where 'full/s' is"), "\(outcome.output)\(outcome.errors)")
    #expect(try program.run(["bench", "status", "full/s"]).code == 3)
    let report = try program.run(["bench", "report", "full/s"])
    #expect(report.code == 2 && report.errors.contains("No space left on device") && !program.exists("full/s/report"), "\(report.code) \(report.errors)")

    #expect(try program.shell("mount -o remount,size=8m full").code == 0)
    let rest = try program.run(["bench", "suite.lua", "--out", "full/s", "--failed"])
    #expect(rest.code == 0 && rest.output.contains("4 of 4 cells finished") && !rest.errors.contains("method=a"), "\(rest.output)\(rest.errors)")
    #expect(try program.run(["bench", "report", "full/s"]).code == 0)
    try end(program, "full")
  }

  /// Nothing begins there, and what is there can be looked at.
  @Test func aFolderThatCannotBeWritten() throws {
    guard let program = try mounted("locked", "mount --bind locked locked") else { return }
    try program.write("cell.lua", "dsrl.options{method = 'a'} dsrl.run.log(1, {['eval/mean_reward'] = 1})")
    try program.write("suite.lua", "return dsrl.suite{name = 's', script = 'cell.lua', grid = {method = {'a'}, seed = {1}}}")
    #expect(try program.run(["bench", "suite.lua", "--out", "locked/s"]).code == 0)
    guard try program.shell("mount -o remount,ro,bind locked").code == 0 else {
      print("folders cannot be locked here, so none was tried")
      return try end(program, "locked")
    }
    for (words, message) in [
      (["run", "cell.lua", "--out", "locked/r"], "cannot make the folder 'locked/r': Read-only file system"), (["bench", "suite.lua", "--out", "locked/t"], "cannot make the folder 'locked/t/queue'"),
      (["bench", "report", "locked/s"], "Read-only file system"), (["run", "cell.lua", "--resume", "locked/s/cells"], "cannot read"),
    ] {
      let outcome = try program.run(words)
      #expect(outcome.code == 2 && outcome.errors.contains(message), "\(words) \(outcome.code) \(outcome.errors)")
    }
    let status = try program.run(["bench", "status", "locked/s"])
    #expect(status.code == 0 && status.output.contains("1 of 1 cells finished"), "\(status.output)\(status.errors)")
    #expect(try program.run(["watch", "locked", "--once"]).output.contains("1 finished"))
    #expect(try program.run(["stats", "locked"]).code == 0)
    try end(program, "locked")
  }
}
