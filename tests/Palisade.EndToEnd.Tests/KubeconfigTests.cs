using System.Text.RegularExpressions;
using Xunit;

namespace Palisade.EndToEnd.Tests;

/// <summary>Kubeconfigs count as for kubectl; of a bad one: its file, what is wrong, and what to do.</summary>
public sealed class KubeconfigTests
{
    private const string Good = """
        apiVersion: v1
        kind: Config
        clusters: [ { name: c, cluster: { server: "https://127.0.0.1:1", certificate-authority-data: "" } } ]
        users: [ { name: u, user: { token: secret-token } } ]
        contexts: [ { name: x, context: { cluster: c, user: u } } ]
        current-context: x
        """;

    public static TheoryData<string, string> Bad => new()
    {
        { "this is: [not yaml\n", "line 2, column 1: " },
        { "just text", "it is no kubeconfig" },
        { "- a\n- b\n", "it is no kubeconfig" },
        { "contexts: [ ~ ]\n", "it is no kubeconfig" },
        { "\u0001\u0002\u0003", "kubeconfig" },
        { "", "it has no contexts" },
        { "apiVersion: v1\nkind: Config\n", "it has no contexts" },
        { Good.Replace("current-context: x", ""), "no current-context; choose one with --context: x" },
        { Good.Replace("current-context: x", "current-context: y"), "no context y; there is x" },
        { Good.Replace("cluster: c,", "cluster: d,"), "names cluster 'd', which is not defined" },
        { Good.Replace("user: u }", "user: v }"), "names user 'v', which is not defined" },
        { Good.Replace("data: \"\"", "data: \"%%\""), "a certificate or key in it is not base64" },
        { Good.Replace("data: \"\"", "data: aGVsbG8="), "a certificate or key in it: " },
        { Good.Replace("https://127.0.0.1:1", "nonsense"), "nonsense" },
        { Good.Replace("token: secret-token", "client-certificate: gone.crt, client-key: gone.key"), "gone.crt" },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task A_bad_one_is_bad_input(string text, string expected)
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, text);
        var ran = await Shell.RunAsync(Places.Cli, ["explain", "a/b", "c/d", "--kubeconfig", file]);
        Assert.True(ran.Code == 2, ran.ToString());
        Assert.StartsWith($"palisade: kubeconfig {file}", ran.Errors, StringComparison.Ordinal);
        Assert.Contains(expected, ran.Errors, StringComparison.Ordinal);
        Assert.True(ran.Errors.TrimEnd().Split('\n').Length == 1, ran.Errors);
        Assert.DoesNotMatch("k8s\\.|System\\.|YamlDotNet|Object reference|secret-token", ran.Errors);
        File.Delete(file);
    }

    [Fact]
    public async Task A_missing_one_is_said_to_be_missing()
    {
        var ran = await Shell.RunAsync(Places.Cli, ["explain", "a/b", "c/d", "--kubeconfig", "/nowhere/config"]);
        Assert.Equal(2, ran.Code);
        Assert.Contains("kubeconfig /nowhere/config: no such file", ran.Errors, StringComparison.Ordinal);
        ran = await Shell.RunAsync(
            Places.Cli, ["explain", "a/b", "c/d"], null, [new("KUBECONFIG", "/nowhere/a:/nowhere/b")]);
        Assert.Equal(2, ran.Code);
        Assert.Contains("$KUBECONFIG: /nowhere/a:/nowhere/b: no such file", ran.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_list_is_merged_as_kubectl_does_and_the_server_must_be_who_it_says()
    {
        Needs.Cluster();
        await using var up = await UpProcess.StartAsync(UpProcess.NewData(), "--demo");
        var real = await File.ReadAllTextAsync(up.Kubeconfig);
        var folder = Directory.CreateTempSubdirectory("palisade-kubeconfig-").FullName;
        string Write(string name, string text)
        {
            var path = Path.Combine(folder, name);
            File.WriteAllText(path, text);
            return path;
        }

        // The first names the context, the second defines it, a third (later) would lead elsewhere, a fourth is gone.
        var first = Write("first", "apiVersion: v1\nkind: Config\ncurrent-context: palisade\n");
        var elsewhere = Write(
            "elsewhere", Good.Replace("name: c,", "name: palisade,").Replace("current-context: x", ""));
        string[] lists = [$"{first}:{up.Kubeconfig}:{elsewhere}:{folder}/gone", up.Kubeconfig];
        foreach (var list in lists)
            Assert.Equal((0, 0), await BothAsync(list));
        Assert.Equal((3, 1), await BothAsync($"{elsewhere}:{up.Kubeconfig}"));

        // A path is relative to the file it stands in, wherever the reader is.
        var authority = Regex.Match(real, "certificate-authority-data: (.*)");
        await File.WriteAllBytesAsync(
            Path.Combine(folder, "ca.pem"), Convert.FromBase64String(authority.Groups[1].Value.Trim()));
        var relative = Write("relative", real.Replace(authority.Value, "certificate-authority: ca.pem"));
        Assert.Equal((0, 0), await BothAsync($"{first}:{relative}"));

        // The certificate is for localhost and 127.0.0.1, and a good CA does not make it good for other names.
        Assert.Equal((0, 0), await BothAsync(Write("named", ServerName("localhost"))));
        Assert.Equal((3, 1), await BothAsync(Write("other", ServerName("other.example"))));
        Directory.Delete(folder, recursive: true);

        string ServerName(string name) =>
            real.Replace(authority.Value, $"{authority.Value}\n    tls-server-name: {name}");
    }

    /// <summary>How palisade and kubectl end with this $KUBECONFIG.</summary>
    private static async Task<(int Palisade, int Kubectl)> BothAsync(string list)
    {
        KeyValuePair<string, string>[] environment = [new("KUBECONFIG", list)];
        var ours = await Shell.RunAsync(
            Places.Cli, ["explain", "dev-team/frontend", "dev-team/web"], null, environment);
        var theirs = await Shell.RunAsync(Places.Kubectl!, ["get", "pods", "-n", "dev-team"], null, environment);
        return (ours.Code, theirs.Code);
    }
}
