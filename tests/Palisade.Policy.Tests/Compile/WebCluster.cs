using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Tests.Compile;

/// <summary>A small cluster: pods as they are told apart by one policy, which lets front reach web by a name.</summary>
internal static class WebCluster
{
    public static readonly NetworkPolicy Web = new()
    {
        Namespace = "x",
        Name = "web",
        IsolatesIngress = true,
        Subject = Has("app", "web"),
        Ingress = [new([new PodPeer(null, Has("app", "front"))], [PolicyPort.Named(Protocol.Tcp, "http")])],
    };

    public static ClusterSnapshot Of(params Endpoint[] pods) =>
        ClusterSnapshot.Of(endpoints: pods, networkPolicies: [Web]);

    public static Endpoint Pod(string ns, string name, params string[] labels) => new()
    {
        Namespace = ns,
        Name = name,
        Labels = LabelSet.Of(labels.Select(l => KeyValuePair.Create(l.Split('=')[0], l.Split('=')[1]))),
    };

    public static LabelSelector Has(string key, string value) =>
        LabelSelector.Of([new(key, SelectorOperator.In, [value])]);
}
