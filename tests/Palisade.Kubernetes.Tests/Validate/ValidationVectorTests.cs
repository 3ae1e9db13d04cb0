using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Validate;
using Palisade.Kubernetes.Wire;
using Palisade.Manifests;
using Xunit;

namespace Palisade.Kubernetes.Tests.Validate;

/// <summary>
/// Every case of shared/vectors/validation.yaml: causes by reason, field, text and order, and warnings.
/// </summary>
public sealed class ValidationVectorTests
{
    [Fact]
    public void Every_case_agrees()
    {
        var cases = Cases();
        var failures = new List<string>();
        foreach (var item in cases)
        {
            var verdict = Judge((WireObject)item["object"]!, item["strictIPCIDR"] is WireBool { Value: true });
            var expected = Expected(item);
            var actual = verdict.Causes.Select(cause => $"{cause.Reason} {cause.Field}: {cause.Message}")
                .Concat(verdict.Warnings.Select(warning => $"warning {warning.Text}"));
            var (want, got) = (string.Join('\n', expected), string.Join('\n', actual));
            if (want != got)
                failures.Add($"case {((WireNumber)item["id"]!).Text}\n want {want}\n got  {got}");
        }

        Assert.Empty(failures);
        Assert.Equal(52, cases.Length);
    }

    private static WireObject[] Cases()
    {
        var set = ManifestSet.Parse("", "empty");
        Assert.Empty(set.Documents);
        var text = File.ReadAllText(SharedFiles.Path("vectors/validation.yaml"));
        var (values, _, error) = YamlReader.Read(text, 1, WireLimits.Default);
        Assert.Null(error);
        return [.. ((WireArray)((WireObject)values[0])["cases"]!).Items.Cast<WireObject>()];
    }

    private static IEnumerable<string> Expected(WireObject item)
    {
        foreach (var cause in ((WireArray)item["causes"]!).Items.Cast<WireObject>())
            yield return $"{Text(cause["reason"])} {Text(cause["field"])}: {Text(cause["message"])}";
        if (item["warnings"] is WireArray warnings)
        {
            foreach (var warning in warnings.Items)
                yield return $"warning {Text(warning)}";
        }
    }

    private static Verdict Judge(WireObject value, bool strict)
    {
        var kind = ApiKinds.NetworkPolicy;
        var decoded = StrictDecode.Check(value, kind);
        Assert.True(decoded.IsClean);
        var version = strict ? new KubeVersion(1, 36) : KubeVersion.Default;
        return ObjectValidation.Create(ObjectValidation.Default(decoded.Pruned, kind), kind, version);
    }

    private static string Text(WireValue? value) => ((WireString)value!).Value;
}
