namespace Palisade.Lab;

/// <summary>How a lab is started.</summary>
public sealed record LabOptions
{
    /// <summary>The environment variable by which the lab's child processes are known again after a kill -9.</summary>
    internal const string Marker = "PALISADE_LAB";

    /// <summary>Where objects, keys, logs and the kubeconfig are kept; made (0700) when it does not exist.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>How many nodes, 1 to 254.</summary>
    public int Nodes { get; init; } = 1;

    /// <summary>How pods are connected to their nodes.</summary>
    public LabCni Cni { get; init; } = LabCni.Routed;

    /// <summary>What is done about writes of policies that open and close connections between pods.</summary>
    public PolicyEffect Effects { get; init; } = PolicyEffect.Told;

    /// <summary>The API server's port on 127.0.0.1; null: the one of the data directory, or a free one.</summary>
    public int? Port { get; init; }

    /// <summary>The agent's program and leading arguments; null: palisade-agent beside this program.</summary>
    public IReadOnlyList<string>? AgentProgram { get; init; }

    /// <summary>
    /// The program and leading arguments that hand over to <see cref="Pods.PodCommandShim"/>; null: this program
    /// itself.
    /// </summary>
    public IReadOnlyList<string>? ShimProgram { get; init; }

    /// <summary>Is told what happens, a line at a time.</summary>
    public Action<string> Say { get; init; } = _ => { };

    /// <summary>The clock of status times.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>What is done about the effects of a write of a policy.</summary>
public enum PolicyEffect : byte
{
    /// <summary>Nothing.</summary>
    Ignored,

    /// <summary>The answer warns of connections that open and close.</summary>
    Told,

    /// <summary>As told, but a write that closes a connection is refused.</summary>
    Refused,
}
