using System.Collections.Immutable;

namespace Palisade.Kubernetes.Validate;

/// <summary>
/// What the CustomResourceDefinitions of cluster policies do not catch and no enforcer can understand (semantics
/// §3.2): selectors, blocks, port names and protocols in forms that mean nothing, domain names under Deny or Pass.
/// </summary>
internal static class ClusterPolicyWarnings
{
    private const string Unchecked = "; the CRD does not check it, and an enforcer has to fail closed";

    /// <summary>The warnings of an accepted object.</summary>
    public static ImmutableArray<FieldWarning> Of(Place policy)
    {
        var causes = new CauseList();
        Subject(policy["spec"]["subject"], causes);
        foreach (var rule in policy["spec"]["ingress"].Items().Concat(policy["spec"]["egress"].Items()))
            Rule(rule, causes);
        return [.. causes.ToImmutable().Select(cause => new FieldWarning($"{cause}{Unchecked}", cause.At))];
    }

    /// <summary>The subject's selectors.</summary>
    public static void Subject(Place subject, CauseList causes) => Pods(subject, causes);

    /// <summary>A rule's peers and protocols (v1alpha1: ports).</summary>
    public static void Rule(Place rule, CauseList causes)
    {
        foreach (var peer in rule["from"].Items().Concat(rule["to"].Items()))
        {
            Pods(peer, causes);
            SelectorValidation.Check(peer["nodes"], tolerateValues: false, causes);
            foreach (var block in peer["networks"].Items())
            {
                if (SloppyCidr.Strict(block.Text) is null)
                    causes.Invalid(block, block.Text, "must be a CIDR, such as 10.9.8.0/24 or 2001:db8::/64");
            }

            var action = rule["action"].Text;
            if (peer["domainNames"].IsPresent && action is not ("Accept" or "Allow"))
                causes.Forbidden(peer["domainNames"], $"domain names can only be accepted, not under {action}");
        }

        foreach (var entry in rule["protocols"].Items().Concat(rule["ports"].Items()))
        {
            Name(entry["destinationNamedPort"], causes);
            Name(entry["namedPort"], causes);
            Protocol(entry["portNumber"]["protocol"], causes);
            Protocol(entry["portRange"]["protocol"], causes);
        }
    }

    private static void Pods(Place place, CauseList causes)
    {
        SelectorValidation.Check(place["namespaces"], tolerateValues: false, causes);
        SelectorValidation.Check(place["pods"]["namespaceSelector"], tolerateValues: false, causes);
        SelectorValidation.Check(place["pods"]["podSelector"], tolerateValues: false, causes);
    }

    private static void Name(Place name, CauseList causes)
    {
        if (name.IsPresent)
            causes.Invalid(name, name.Text, Names.PortName(name.Text));
    }

    private static void Protocol(Place protocol, CauseList causes)
    {
        if (protocol.IsPresent && protocol.Text is not ("TCP" or "UDP" or "SCTP"))
            causes.NotSupported(protocol, protocol.Text, "TCP", "UDP", "SCTP");
    }
}
