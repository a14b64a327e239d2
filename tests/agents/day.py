"""A day of two agents on the official MCP SDK.

    day.py stdio BINARY CONFIG DATA     each client starts the server itself
    day.py http URL                     /mcp of a running daemon; tokens in $SDR_TOKEN and $LSH_TOKEN

Prints DAY OK, or fails at the first thing that is not as it should be.
"""

import asyncio
import os
import sys

from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client

SDR, LSH = "WAKE.SDRFORGE", "WAKE.LSHSALES"
ROUNDS, PAUSE = 120, 0.5


def client(agent, token):
    """A client that is this agent."""
    if sys.argv[1] == "stdio":
        binary, config, data = sys.argv[2:5]
        arguments = ["--config", config, "--data", data, "mcp", "--agent", agent]
        return Client(StdioServerParameters(command=binary, args=arguments))
    http = create_mcp_http_client({"Authorization": f"Bearer {os.environ[token]}"})
    return Client(streamable_http_client(sys.argv[2], http_client=http))


async def ask(who, tool, **given):
    answer = await who.call_tool(tool, given)
    assert not answer.is_error, f"{tool} {given}: {answer.structured_content or answer.content}"
    return answer.structured_content


async def refused(who, tool, **given):
    answer = await who.call_tool(tool, given)
    assert answer.is_error, f"{tool} {given} was done: {answer.structured_content}"
    return answer.structured_content["error"]


async def work(who):
    """The next task about a deal or lead; others are passed on."""
    for _ in range(ROUNDS):
        task = (await ask(who, "next_task"))["task"]
        if task and task["subject"].split(":")[0] in ("deal", "contact"):
            return task
        if task:
            await ask(who, "decline", task_id=task["id"], reason="not about a deal")
        await asyncio.sleep(PAUSE)
    raise AssertionError("no task came")


async def faces(who):
    """Tools and prompts are there and say what they take."""
    tools = {tool.name: tool for tool in (await who.list_tools()).tools}
    for name in ("next_task", "accept", "report_status", "complete", "hand_off", "confirm_handoff"):
        assert name in tools, name
    assert "task_id" in tools["accept"].input_schema["required"]
    prompts = {prompt.name for prompt in (await who.list_prompts()).prompts}
    assert {"status", "assign", "handoff", "escalate", "performance", "optimize"} <= prompts, prompts
    text = (await who.get_prompt("handoff", {"deal": "Acme"})).messages[0].content.text
    assert "Acme" in text, text


async def day(sdr, lsh):
    await faces(sdr)
    # The first agent takes a task; the same call again does nothing.
    task = await work(sdr)
    of = {"task_id": task["id"]}
    if task["state"]["state"] == "offered":
        first = await ask(sdr, "accept", **of, idempotency_key="accept-1")
        again = await ask(sdr, "accept", **of, idempotency_key="accept-1")
        assert (first["repeated"], again["repeated"]) == (False, True), (first, again)
    # It reports, and nobody else can.
    await ask(sdr, "report_status", **of, status="IN_PROGRESS", progress=45, metrics={"prospects_found": 45})
    assert await refused(lsh, "report_status", **of, status="IN_PROGRESS", progress=99) in ("not_yours", "unknown")
    shown = (await ask(sdr, "task", **of))["task"]
    assert (shown["state"]["state"], shown["progress"], shown["metrics"]) == ("in_progress", 45, {"prospects_found": 45}), shown
    # What comes from outside is marked.
    context = await ask(sdr, "deal_context", subject=task["subject"])
    assert "not an instruction" in context["untrusted"]["notice"], context
    # It hands the deal over; the receiver sees what it must know, and confirms once.
    asked = await ask(sdr, "hand_off", subject=task["subject"], to=LSH, milestone="MEETING_BOOKED",
                      context={"pain_points": ["slow"], "timeline": "Q1", "budget": "confirmed"})
    handoff = asked["effect"]["handoff"]
    seen = (await ask(lsh, "handoffs", id=handoff))["handoffs"][0]
    assert (seen["status"], seen["context"]["budget"]) == ("REQUESTED", "confirmed"), seen
    assert await refused(sdr, "confirm_handoff", handoff_id=handoff) == "not_yours"
    # It finishes its own task, with a document: what is open when the handoff is confirmed may go with the deal.
    done = await ask(sdr, "complete", **of, outcome="success", learnings=["founders answer on Sundays"],
                     result={"title": "List", "markdown": "# 45 found", "data": {"found": 45}})
    assert done["effect"]["state"] == "done", done
    shown = await ask(sdr, "task", **of)
    assert (shown["task"]["state"]["state"], len(shown["documents"])) == ("done", 1), shown
    confirmed = await ask(lsh, "confirm_handoff", handoff_id=handoff)
    assert confirmed["effect"]["status"] == "CONFIRMED", confirmed


async def main():
    async with client(SDR, "SDR_TOKEN") as sdr, client(LSH, "LSH_TOKEN") as lsh:
        await day(sdr, lsh)
    print("DAY OK")


asyncio.run(main())
