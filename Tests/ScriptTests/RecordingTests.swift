import Foundation
import Testing

/// Pictures and films as a script makes them.
@Suite struct RecordingTests {
  @Test(arguments: [
    ("local image = dsrl.env.make('Pendulum-v1'):render{width = 40, height = 30} return image.shape, image:min():item() >= 0, image:max():item()", "{30, 40, 3}, true, 1.0"),
    ("fork:reset{seed = 1} local a, b = fork:render{width = 64, height = 48}, fork:render{width = 64, height = 48, index = 2, file = folder .. '/a.png'} local file = io.open(folder .. '/a.png', 'rb') local head = file:read(8) file:close() return same(a, b), head == '\\137PNG\\r\\n\\26\\n'",
     "false, true"),
    ("local r = dsrl.record{env = 'PointFork-v0', policy = function(o) return dsrl.ones(#o, 1, 2) end, episodes = 2, seed = 5, path = folder .. '/t.npz'} local d, all = dsrl.data.load(folder .. '/t.npz'), dsrl.load(folder .. '/t.npz') return r.form, #r.returns, r.steps == #d, #d.episodes, d:returns()[2] == r.returns[2], all['infos/collision'].shape[1] == #d, all['infos/success']:sum():item() == r.returns[1] + r.returns[2]",
     "\"trajectories\", 2, true, 2, true, true, true"),
    ("local function run(s) return dsrl.record{agent = dsrl.agent.sac{env = fork, hidden = {8}}, seed = s, path = folder .. '/u.npz'}.lengths end return run(1)[1] == run(1)[1]", "true"),
    ("local env = dsrl.env.make('PointFork-v0', {observation_steps = 2, chunk = 3}) dsrl.record{env = env, policy = function(o) return dsrl.ones(#o, 3, 2) end, path = folder .. '/v.npz'} return dsrl.data.load(folder .. '/v.npz').observations.shape[2]", "2"),
  ]) func result(source: String, expected: String) throws {
    let domain = try Domain()
    #expect(try domain.results(source) == expected)
    try domain.close()
  }

  static let record = "dsrl.record{env = 'PointFork-v0', policy = function(o) return dsrl.zeros(#o, 1, 2) end, path = "
  @Test(arguments: [
    ("fork:render{index = 3}", "index wants a number from 1 to 2, got 3"), ("fork:render{width = 3}", "width and height want 16 to 4096 pixels, got 3 and 480"),
    ("fork:render{file = 'a.jpg'}", "a picture's file ends in .png, got 'a.jpg'"), ("fork:render{widht = 64}", "did you mean 'width'?"),
    ("dsrl.env.make('Noise-v0'):render()", "Noise-v0 has no picture"), ("dsrl.env.make('Pendulum-v1'):render{file = '/nowhere/a.png'}", "cannot write '/nowhere/a.png'"),
    (record + "'a.avi'}", "a film's name ends in .mp4, .gif or .webm, got 'a.avi'"), (record + "'a.mp4', fps = 0}", "fps wants 0.1 to 1000, got 0.0"),
    (record + "'/nowhere/a.mp4'}", "cannot write '/nowhere/a.mp4'"), (record + "'/nowhere/a.npz'}", "'/nowhere/a.npz'"),
    (record + "'a.npz', episodes = 0}", "episodes wants a number from 1 to 100000, got 0"),
    ("dsrl.record{env = 'PointFork-v0', path = 'a.npz'}", "one of 'agent', 'policy', 'actor' expected, got none"),
    ("dsrl.record{env = 'PointFork-v0', policy = function(o) return dsrl.zeros(3) end, path = folder .. '/w.npz'}", "PointFork-v0 wants 1 action of 2 numbers at a step, got the shape [3]"),
    ("dsrl.record{env = 'Noise-v0', policy = function(o) return dsrl.zeros(1, 3) end, path = folder .. '/w.gif'}", "Noise-v0 has no picture"),
  ]) func mistake(source: String, expected: String) throws {
    let domain = try Domain()
    let message = domain.message(source)
    #expect(message.contains(expected), "got: \(message)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: domain.folder).isEmpty)
    try domain.close()
  }

  private let script = """
    local dsrl = require "dsrl"
    local r = dsrl.record{
      env = dsrl.env.make("PointFork-v0", {max_episode_steps = 6}), policy = function(o) return dsrl.ones(#o, 1, 2) * 0.1 end, path = "film.mp4",
      width = 65, height = 49,
    }
    print(r.form, r.path, r.steps)
    """

  /// ffmpeg is not found on this PATH.
  @Test func withoutFfmpegTheImagesAreKept() throws {
    let program = try Program()
    try program.write("s.lua", script)
    let outcome = try program.run(["s.lua"], under: ["/usr/bin/env", "PATH=/nowhere"])
    #expect(outcome.output == "frames\tfilm-frames\t6\n")
    #expect(outcome.errors.contains("ffmpeg is not installed") && outcome.errors.contains("7 images are in film-frames"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: program.folder + "/film-frames").sorted() == (1...7).map { "00000\($0).png" })
    #expect(!program.exists("film.mp4"))
    try program.remove()
  }

  @Test func withFfmpegThereIsAFilm() throws {
    let program = try Program()
    guard try program.shell("ffmpeg -version").code == 0 else { return try program.remove() }
    try program.write("s.lua", script)
    let outcome = try program.run(["s.lua"])
    #expect(outcome.output == "film\tfilm.mp4\t6\n", "\(outcome.errors)")
    // Seven images of 65 x 49, padded to even sides.
    let probe = try program.shell("ffprobe -v error -count_frames -select_streams v -show_entries stream=width,height,nb_read_frames -of csv=p=0 film.mp4")
    #expect(probe.output.hasPrefix("66,50,7"), "\(probe.output)\(probe.errors)")
    let left = try FileManager.default.contentsOfDirectory(atPath: program.folder)
    #expect(Set(left).isSubset(of: ["s.lua", "film.mp4", "stdin", "stdout", "stderr"]), "\(left)")
    try program.remove()
  }

  /// An ffmpeg that is interrupted as a terminal's Ctrl-C interrupts both: it has written half, tells the program, and ends.
  @Test func anInterruptOfFfmpegLeavesNoHalfFilm() throws {
    let program = try Program()
    try program.write("s.lua", script)
    let fake = program.folder + "/bin/ffmpeg"
    try FileManager.default.createDirectory(atPath: program.folder + "/bin", withIntermediateDirectories: true)
    try program.write("bin/ffmpeg", "#!/bin/sh\n[ \"$1\" = -version ] && exit 0\nfor last; do :; done\necho half > \"$last\"\nkill -INT $PPID\nexit 255\n")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: fake)
    let outcome = try program.run(["s.lua"], under: ["/usr/bin/env", "PATH=\(program.folder)/bin:/usr/bin:/bin"])
    #expect(outcome.code == 130, "\(outcome.errors)")
    let left = try FileManager.default.contentsOfDirectory(atPath: program.folder)
    #expect(!left.contains { $0.contains("film") }, "\(left)")
    try program.remove()
  }

  /// Mesa's library is not where the variable says.
  @Test func withoutMesaTheErrorSaysWhatToInstall() throws {
    let program = try Program()
    try program.write("s.lua", """
      local ok, message = pcall(dsrl.record, {env = "InvertedPendulum-v5", policy = function(o) return dsrl.zeros(#o, 1, 1) end, path = "film.gif"})
      print(ok, message)
      print(pcall(function() dsrl.env.make("InvertedPendulum-v5"):render() end))
      """)
    let outcome = try program.run(["s.lua"], under: ["/usr/bin/env", "DSRL_LUA_OSMESA=/nowhere/libOSMesa.so"])
    #expect(outcome.output.components(separatedBy: "which cannot be loaded: apt-get install libosmesa6, or name it in DSRL_LUA_OSMESA").count == 3, "\(outcome.output)")
    let left = try FileManager.default.contentsOfDirectory(atPath: program.folder)
    #expect(!left.contains { $0.contains("film") }, "\(left)")
    try program.remove()
  }

  /// Ctrl-C amid a film that would take for ever leaves nothing behind.
  @Test func anInterruptLeavesNothing() throws {
    let program = try Program()
    try program.write("s.lua", """
      local dsrl = require "dsrl"
      local count = 0
      dsrl.record{
        env = dsrl.env.make("Pendulum-v1", {max_episode_steps = 1000000}), path = "film.gif", width = 16, height = 16,
        policy = function(o) count = count + 1 if count == 20 then io.open("ready", "w"):close() end return dsrl.zeros(#o, 1, 1) end,
      }
      """)
    let outcome = try program.run(["s.lua"], signals: 1)
    #expect(outcome.code == 130)
    let left = try FileManager.default.contentsOfDirectory(atPath: program.folder)
    #expect(!left.contains { $0.contains("film") }, "\(left)")
    try program.remove()
  }
}
