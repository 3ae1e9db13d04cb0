using System.Collections.Immutable;
using Palisade.Policy.Compile;

namespace Palisade.Kubernetes.Convert;

/// <summary>What authors of ClusterNetworkPolicies should know that no single object shows.</summary>
public static class PriorityDiagnostics
{
    /// <summary>PL-D020, at the second of each two policies of one tier and priority that disagree.</summary>
    public static ImmutableArray<Diagnostic> Of(CompiledPolicy policy) =>
    [
        .. policy.PriorityConflicts.Select(conflict => new Diagnostic(
            "PL-D020",
            Severity.Warning,
            conflict.ToString(),
            conflict.Second.Origin,
            "give one of them another priority",
            $"ClusterNetworkPolicy {conflict.Second.Name}")),
    ];
}
