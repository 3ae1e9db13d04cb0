using System.Text.Json.Nodes;

namespace Palisade.Lab.Pods;

/// <summary>Where a container is in its life (v1.ContainerState); exactly one of the three parts counts.</summary>
internal abstract record ContainerState
{
    /// <summary>As containerStatuses[].state has it.</summary>
    public abstract JsonObject ToJson();

    /// <summary>Not running yet, or between two runs.</summary>
    internal sealed record Waiting(string Reason, string Message = "") : ContainerState
    {
        public override JsonObject ToJson()
        {
            var waiting = new JsonObject { ["reason"] = Reason };
            if (Message.Length > 0)
                waiting["message"] = Message;
            return new JsonObject { ["waiting"] = waiting };
        }
    }

    /// <summary>Running since a time (RFC 3339).</summary>
    internal sealed record Running(string Since) : ContainerState
    {
        public override JsonObject ToJson() => new() { ["running"] = new JsonObject { ["startedAt"] = Since } };
    }

    /// <summary>Ended.</summary>
    internal sealed record Terminated(int ExitCode, string Started, string Finished) : ContainerState
    {
        public override JsonObject ToJson() => new()
        {
            ["terminated"] = new JsonObject
            {
                ["exitCode"] = ExitCode,
                ["reason"] = ExitCode == 0 ? "Completed" : "Error",
                ["startedAt"] = Started,
                ["finishedAt"] = Finished,
            },
        };
    }
}

/// <summary>A container's state, and what came before it.</summary>
internal sealed record ContainerReport(ContainerState State, ContainerState? Last, int Restarts)
{
    /// <summary>Whether it runs.</summary>
    public bool IsRunning => State is ContainerState.Running;

    /// <summary>Whether its readiness probe, if it has one, says yes.</summary>
    public bool IsAnswering { get; init; } = true;

    /// <summary>Whether it counts as ready.</summary>
    public bool IsReady => IsRunning && IsAnswering;
}
