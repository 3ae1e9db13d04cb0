using System.Collections.Immutable;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Wire;
using Palisade.Policy.Analyze;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;

namespace Palisade.Kubernetes.Convert;

/// <summary>What authors of ClusterNetworkPolicies should know that no single object shows.</summary>
public static class PriorityDiagnostics
{
    /// <summary>The same of policies by themselves: there may be pods that both of two are about.</summary>
    public static ImmutableArray<Diagnostic> Of(IEnumerable<ClusterNetworkPolicy> policies) =>
        Of(PolicyCompiler.Compile(MadeUpCluster.For(policies)));

    /// <summary>
    /// What is said when a ClusterNetworkPolicy is written beside another one: their conflicts, as texts.
    /// </summary>
    public static ImmutableArray<string> Between(WireObject one, WireObject other)
    {
        var policies = new[] { one, other }
            .Select(policy => ClusterConvert.ClusterNetworkPolicy(policy, ApiKinds.ClusterNetworkPolicy));
        return [.. Of(policies.OfType<ClusterNetworkPolicy>()).Select(conflict => conflict.Text)];
    }

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
