using System.CommandLine;
using System.Reflection;
using Palisade.Cli.Output;

namespace Palisade.Cli.Commands;

/// <summary>palisade version.</summary>
internal static class VersionCommand
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        var command =
            new Command("version", "Palisade's version, and the Kubernetes version its server and validate speak.");
        command.SetAction(_ =>
        {
            var version = typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>();
            Console.Out.WriteLine($"palisade {version?.InformationalVersion.Split('+')[0]}, Kubernetes 1.35");
            return ExitCode.Yes;
        });
        return command;
    }
}
