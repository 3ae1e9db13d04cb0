using System.Collections.Immutable;
using Palisade.Dataplane.Network;
using Palisade.Policy.Sets;

namespace Palisade.Agent;

/// <summary>What the command line says.</summary>
/// <param name="Node">The name of the Node this agent enforces for.</param>
/// <param name="Kubeconfig">Path of the kubeconfig; null: as kubectl looks for it, or the service account inside a
/// pod.</param>
/// <param name="Uplinks">Interfaces that lead out, beside those that are found.</param>
/// <param name="Mode">Enforce, or only count.</param>
/// <param name="ExitWithStdin">End when standard input ends: the parent that holds its other end is gone.</param>
internal sealed record AgentOptions(
    string Node, string? Kubeconfig, ImmutableArray<string> Uplinks, EnforcementMode Mode, bool ExitWithStdin)
{
    /// <summary>The table is not owned: others may write it, and what they write is noticed and undone.</summary>
    public bool SharesTable { get; init; }

    /// <summary>How often the kernel's table is read back and compared; zero: only when asked.</summary>
    public TimeSpan ProveEvery { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Whose answers tell the addresses of domain names.</summary>
    public ImmutableArray<Address> Resolvers { get; init; } = [];

    /// <summary>Where the agent keeps its socket.</summary>
    public string RunDirectory { get; init; } = "/run/palisade";

    /// <summary>Where figures are offered: a loopback address with its port, or unix:PATH; null: nowhere.</summary>
    public string? Metrics { get; init; }

    /// <summary>The log group of what is dropped; 0: none.</summary>
    public ushort LogGroup { get; init; } = new NodeSettings().LogGroup;
}
