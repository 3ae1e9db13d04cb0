using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Validate;
using Palisade.Kubernetes.Wire;
using Palisade.Manifests;
using Xunit;

namespace Palisade.Kubernetes.Tests.ClusterPolicies;

/// <summary>The cluster policies that others wrote.</summary>
public sealed class VectorTests
{
    [Fact]
    public void The_vectors_convert_without_a_word_but_for_those_about_failing_closed()
    {
        var (values, _, error) = YamlReader.Read(
            File.ReadAllText(SharedFiles.Path("vectors/semantics.yaml")), 1, WireLimits.Default);
        Assert.Null(error);
        var converted = 0;
        foreach (var vector in ((WireArray)((WireObject)values[0])["vectors"]!).Items.Cast<WireObject>())
        {
            var closes = ((WireArray)vector["rules"]!).Items.Any(rule => Text(rule) == "cnp-fail-closed");
            var diagnostics = new List<Diagnostic>();
            var policies = ((WireArray?)vector["policies"])?.Items.Cast<WireObject>() ?? [];
            foreach (var policy in policies)
            {
                var kind = ApiKinds.Find(Text(policy["apiVersion"]), Text(policy["kind"]))!;
                if (kind.Custom is null)
                    continue;
                converted++;
                var model = ClusterConvert.ClusterNetworkPolicy(policy, kind, "v.yaml", diagnostics)!;
                Assert.Equal(closes, model.Ingress.Concat(model.Egress).Any(rule => rule.NotUnderstood));
                var verdict = ObjectValidation.Create(
                    StrictDecode.Check(policy, kind).Pruned, kind, KubeVersion.Default);
                Assert.True(closes || verdict is { IsValid: true, Warnings.IsEmpty: true }, Text(vector["name"]));
            }

            Assert.True(closes == diagnostics.Count > 0, $"{Text(vector["name"])}: {string.Join(' ', diagnostics)}");
        }

        Assert.True(converted >= 51);
    }

    [Fact]
    public void The_conformance_policies_are_accepted_and_convert()
    {
        var folder = SharedFiles.Path("corpus/npapi-conformance");
        var converted = 0;
        foreach (var file in Directory.EnumerateFiles(folder, "*.yaml", SearchOption.AllDirectories))
        {
            var set = ManifestSet.Load([file]);
            foreach (var document in set.Documents.Where(document => document.Schema is { Custom: not null }))
            {
                converted++;
                Assert.True(document.Causes.IsEmpty && document.Warnings.IsEmpty, $"{document.At}: {document.Title}");
                var diagnostics = new List<Diagnostic>();
                Assert.NotNull(ClusterConvert.ClusterNetworkPolicy(
                    document.Stored!, document.Schema!, file, diagnostics));
                Assert.Empty(diagnostics);
            }
        }

        Assert.True(converted > 20);
    }

    private static string Text(WireValue? value) => (value as WireString)?.Value ?? "";
}
