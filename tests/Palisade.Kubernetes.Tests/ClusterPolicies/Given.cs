using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Validate;
using Palisade.Kubernetes.Wire;
using Palisade.Manifests;
using Palisade.Policy.Model;
using Xunit;

namespace Palisade.Kubernetes.Tests.ClusterPolicies;

/// <summary>Cluster policies from one line of YAML.</summary>
internal static class Given
{
    public const string Subject = "subject: {namespaces: {}}";

    public const string Head = "tier: Admin, priority: 1, " + Subject;

    /// <summary>A ClusterNetworkPolicy with a good head and one egress rule.</summary>
    public static string Egress(string rule) => $"{Head}, egress: [{{{rule}}}]";

    /// <summary>A ClusterNetworkPolicy with a good head and one ingress rule.</summary>
    public static string Ingress(string rule) => $"{Head}, ingress: [{{{rule}}}]";

    public static WireObject Object(string spec, string name = "p")
    {
        var (values, _, error) = YamlReader.Read(
            $"{{metadata: {{name: {name}}}, spec: {{{spec}}}}}", 1, WireLimits.Default);
        Assert.Null(error);
        return (WireObject)values[0];
    }

    public static DecodeResult Decode(string spec, KindSchema? kind = null, string name = "p") =>
        StrictDecode.Check(Object(spec, name), kind ?? ApiKinds.ClusterNetworkPolicy);

    public static Verdict Judge(string spec, KindSchema? kind = null, string name = "p")
    {
        kind ??= ApiKinds.ClusterNetworkPolicy;
        var decoded = Decode(spec, kind, name);
        Assert.Null(decoded.TypeError);
        return ObjectValidation.Create(ObjectValidation.Default(decoded.Pruned, kind), kind, KubeVersion.Default);
    }

    public static (ClusterNetworkPolicy Policy, List<Diagnostic> Diagnostics) Convert(
        string spec, KindSchema? kind = null, string name = "p")
    {
        var diagnostics = new List<Diagnostic>();
        var policy = ClusterConvert.ClusterNetworkPolicy(
            Object(spec, name), kind ?? ApiKinds.ClusterNetworkPolicy, "f.yaml", diagnostics);
        return (policy!, diagnostics);
    }
}
