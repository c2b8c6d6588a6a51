"""Gymnasium's environments for dsrl.env.gymnasium: a process that steps them, told what to do on its standard input.

A message is its length (u32) and its bytes, all numbers little-endian; an answer begins with 0, or with 1 and an error's text.
  M  JSON {id, num_envs, kwargs}    -> two spaces (u32 size, low f64, high f64), the time limit (i64, -1 for none), Gymnasium's version
  R  (u32 row, u8 seeded, u64 seed) -> the observation of each row, f64
  S  u32 rows, u32 row..., f64 actions...
     -> of each row: observation f64, reward f64, u8 terminated, u8 truncated, u32 infos, (u16 length, name, f64)...
"""
import json
import os
import signal
import struct
import sys

requests = os.fdopen(os.dup(0), "rb")
answers = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)  # what environments print is no answer


def end_with_parent():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's; it ends this process by closing its input
    try:
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG, for a parent that is killed while an environment hangs
    except (AttributeError, OSError, ImportError):
        pass


def flat(values):
    return [float(value) for value in (values.ravel().tolist() if hasattr(values, "ravel") else values)]


def box(space, name, environment):
    if type(space).__name__ != "Box":
        raise TypeError(f"the {name} space of {environment} is {space}; only a Box can be a list of numbers")
    low, high = flat(space.low), flat(space.high)
    return struct.pack("<I", len(low)) + struct.pack(f"<{2 * len(low)}d", *low, *high)


class Host:
    def make(self, payload):
        import gymnasium

        wanted = json.loads(payload.decode())
        self.environments = []
        limit = -1
        for _ in range(wanted["num_envs"]):
            environment = gymnasium.make(wanted["id"], disable_env_checker=True, **wanted["kwargs"])
            if environment.spec is not None and environment.spec.max_episode_steps is not None:
                limit = environment.spec.max_episode_steps
            if type(environment).__name__ == "TimeLimit":  # the program's own takes its place
                environment = environment.env
            self.environments.append(environment)
        first = self.environments[0]
        self.space = first.action_space
        spaces = box(first.observation_space, "observation", wanted["id"]) + box(self.space, "action", wanted["id"])
        (self.size,) = struct.unpack_from("<I", spaces, 4 + 16 * struct.unpack_from("<I", spaces)[0])
        return spaces + struct.pack("<q", limit) + gymnasium.__version__.encode()

    def reset(self, payload):
        answer = b""
        for row, seeded, seed in struct.iter_unpack("<IBQ", payload):
            observation, _ = self.environments[row].reset(seed=seed if seeded else None)
            answer += self.numbers(observation)
        return answer

    def step(self, payload):
        import numpy

        (count,) = struct.unpack_from("<I", payload)
        rows = struct.unpack_from(f"<{count}I", payload, 4)
        actions = struct.unpack_from(f"<{count * self.size}d", payload, 4 + 4 * count)
        answer = b""
        for place, row in enumerate(rows):
            action = numpy.asarray(actions[place * self.size : (place + 1) * self.size], dtype=self.space.dtype).reshape(self.space.shape)
            observation, reward, terminated, truncated, info = self.environments[row].step(action)
            answer += self.numbers(observation) + struct.pack("<dBB", float(reward), bool(terminated), bool(truncated)) + self.infos(info)
        return answer

    def numbers(self, observation):
        values = flat(observation)
        return struct.pack(f"<{len(values)}d", *values)

    def infos(self, info):
        """Numbers and booleans; what else Gymnasium tells has no place in a step."""
        known = []
        for name, value in info.items():
            try:
                known.append((str(name).encode(), float(value)))
            except (TypeError, ValueError):
                pass
        return struct.pack("<I", len(known)) + b"".join(struct.pack("<H", len(name)) + name + struct.pack("<d", value) for name, value in known)


def exactly(count):
    data = requests.read(count)
    if len(data) < count:
        sys.exit(0)  # the parent has gone
    return data


def main():
    end_with_parent()
    host = Host()
    work = {b"M": host.make, b"R": host.reset, b"S": host.step}
    while True:
        (length,) = struct.unpack("<I", exactly(4))
        message = exactly(length)
        try:
            answer = b"\0" + work[message[:1]](message[1:])
        except Exception as error:
            answer = b"\1" + (f"{type(error).__name__}: {error}" if str(error) else type(error).__name__).encode()
        answers.write(struct.pack("<I", len(answer)) + answer)
        answers.flush()


main()
