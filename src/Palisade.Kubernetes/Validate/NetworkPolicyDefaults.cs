using System.Collections.Immutable;
using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Validate;

/// <summary>
/// Defaults of networking.k8s.io/v1 NetworkPolicy (pkg/apis/networking/v1/defaults.go; semantics §1.2).
/// </summary>
public static class NetworkPolicyDefaults
{
    /// <summary>
    /// The decoded policy with its defaults: policyTypes from the rules, TCP for ports without protocol; podSelector
    /// is always there.
    /// </summary>
    public static WireObject Apply(WireObject policy)
    {
        var spec = policy["spec"] as WireObject ?? new WireObject([], policy.At);
        foreach (var direction in (string[])["ingress", "egress"])
        {
            if (spec[direction] is WireArray rules)
                spec = spec.With(direction, new WireArray([.. rules.Items.Select(Rule)], rules.At));
        }

        if (spec["podSelector"] is null)
            spec = spec.With("podSelector", new WireObject([], spec.At));
        if (spec["policyTypes"] is not WireArray { Items.Length: > 0 })
        {
            var types = ImmutableArray.Create<WireValue>(new WireString("Ingress", spec.At));
            if (spec["egress"] is WireArray { Items.Length: > 0 })
                types = types.Add(new WireString("Egress", spec.At));
            spec = spec.With("policyTypes", new WireArray(types, spec.At));
        }

        return policy.With("spec", spec);
    }

    private static WireValue Rule(WireValue rule)
    {
        if (rule is not WireObject o || o["ports"] is not WireArray ports)
            return rule;
        return o.With("ports", new WireArray([.. ports.Items.Select(Port)], ports.At));
    }

    private static WireValue Port(WireValue port) =>
        port is WireObject o && o["protocol"] is null ? o.With("protocol", new WireString("TCP", o.At)) : port;
}
