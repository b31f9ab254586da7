"""Tracebacks without the frames that are Pulumi's: texts as engine 3.274 and its Python SDK print them."""

from __future__ import annotations

from bigpanda_provider.release.engine.frames import shortened

SDK = "/shop/.venv/lib/python3.11/site-packages"
DYNAMIC = f"""\
Traceback (most recent call last):
  File "{SDK}/pulumi/dynamic/__main__.py", line 84, in wrapper
    return fn(self, request, context)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "{SDK}/pulumi/dynamic/__main__.py", line 170, in Create
    result = provider.create(props)
  File "/shop/__main__.py", line 6, in create
    return broken(props)
           ^^^^^^^^^^^^^
  [Previous line repeated 2 more times]
  File "{SDK}/pulumi_docker/container.py", line 11, in broken
    raise RuntimeError("disk full")
RuntimeError: disk full
  File "notes", line 3"""

VIOLATED = f"""\
Program failed with an unhandled exception:
Traceback (most recent call last):
  File "{SDK}/pulumi/runtime/resource.py", line 1340, in do_rpc_call
    return monitor.RegisterResource(req)
  File "{SDK}/grpc/_channel.py", line 1168, in __call__
    return _end_unary_response_blocking(state, call, False, None)
grpc._channel._InactiveRpcError: <_InactiveRpcError of RPC that terminated with:
        status = StatusCode.CANCELLED
>

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/root/.pulumi/bin/pulumi-language-python-exec", line 232, in <module>
    loop.run_until_complete(coro)
  File "/usr/lib/python3.11/asyncio/base_events.py", line 653, in run_until_complete
    return future.result()
  File "/usr/lib/python3.11/concurrent/futures/thread.py", line 58, in run
    result = self.fn(*self.args, **self.kwargs)
  File "{SDK}/pulumi/runtime/settings.py", line 352, in handle_grpc_error
    raise grpc_error_to_exception(exn)
Exception: context canceled"""

OWN = '\n  File "/shop/__main__.py", line 3, in <module>\n    open("/nope")'


def test_the_users_frames_stay() -> None:
    """With what stands below each; those of Pulumi's SDK are left out."""
    assert shortened(DYNAMIC) == (
        "Traceback (most recent call last):\n"
        '  File "/shop/__main__.py", line 6, in create\n'
        "    return broken(props)\n"
        "           ^^^^^^^^^^^^^\n"
        "  [Previous line repeated 2 more times]\n"
        f'  File "{SDK}/pulumi_docker/container.py", line 11, in broken\n'
        '    raise RuntimeError("disk full")\n'
        "RuntimeError: disk full\n"
        '  File "notes", line 3'
    )


def test_without_a_frame_the_exception_is_left() -> None:
    """Of two that came of each other, the last one; what stands before a traceback stays."""
    assert shortened(VIOLATED) == "Program failed with an unhandled exception:\nException: context canceled"
    alone = DYNAMIC.replace("/shop/__main__.py", f"{SDK}/pulumi/x.py").replace("pulumi_docker", "pulumi")
    assert shortened(f"Exception calling application: {alone}").splitlines() == [
        "Exception calling application: RuntimeError: disk full",
        '  File "notes", line 3',
    ]


def test_a_cause_stays_where_the_users_file_is_in_either() -> None:
    """A program that catches an error of Pulumi's and raises its own says why."""
    heading = "Traceback (most recent call last):"
    text = f"{VIOLATED}\n".replace("Exception: context", f"ValueError: no\n\n{heading}{OWN}\nOSError: context")
    ours = VIOLATED.replace(f'{heading}\n  File "/root', f'{heading}{OWN}\n  File "/root')
    assert shortened(ours).splitlines()[1:6] == [
        "grpc._channel._InactiveRpcError: <_InactiveRpcError of RPC that terminated with:",
        "        status = StatusCode.CANCELLED",
        ">",
        "",
        "During handling of the above exception, another exception occurred:",
    ]
    assert shortened(ours).endswith(f"\n\n{heading}{OWN}\nException: context canceled")
    assert shortened(text).endswith(f":\nValueError: no\n\n{heading}{OWN}\nOSError: context canceled")


def test_paths_of_windows_are_read() -> None:
    """There the folders have other names and other separators."""
    text = 'Traceback (most recent call last):\n  File "C:\\py\\Lib\\site-packages\\pulumi\\x.py", line 1\n    g()\nE'
    assert shortened(text) == "E"


def test_other_texts_stay_as_they_are() -> None:
    """Also what only looks like a traceback."""
    for text in (
        "",
        "a\r\nb\n",
        'Traceback of File "x"',
        "  + Exception Group Traceback (most recent call last):\n  | x",
    ):
        assert shortened(text) == text
