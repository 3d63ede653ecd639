@echo off
rem percent expansion
set v=The quick brown fox
echo [%v%] [%v:quick=slow%] [%v:*quick =%] [%v:o=0%] [%v: =%]
echo [%v:~4%] [%v:~4,5%] [%v:~-3%] [%v:~-9,5%] [%v:~0,-4%] [%v:~100%]
echo [%undefined%] [%undefined:a=b%] [100%%] [%%v%%]
echo lone 50% sign
set "q=a "b" c"
echo [%q%] [%q:"=%]
set empty=
if defined empty (echo defined) else echo not defined
set "path_like=C:\dir\file.txt"
for %%f in ("%path_like%") do echo %%~nf %%~xf %%~dpf %%~ff %%~f %%f
for %%f in (one.tar.gz) do echo %%~nf %%~xf %%~nxf
call :args "first arg" second,third;fourth=fifth "" "C:\x y\z.ext"
call :shifting 1 2 3 4 5 6 7 8 9 10 11
setlocal enabledelayedexpansion
set n=1
set arr1=value one
for %%i in (1 2) do (
  set n=%%i
  echo !n! %n% [!arr%%i!]
)
set "s=a^b!c"
echo !v:quick=slow! !v:~4,5! wow!
echo caret ^^ bang ^^! end^^!
set x=!v!
set x
endlocal
echo after !v!
set "v2=%v%"
set v
call echo %%v%% %%%%v%%%%
echo "%%" ^%v% "^%v%"
echo %cmdcmdline:~0,1%>nul
if "%random%"=="" echo no random
echo %cmdextversion% %errorlevel%
set "a b=with space"
echo %a b%
exit /b
:args
echo 1=%1 2=%2 3=%3 4=%4 5=%5 6=%6 7=%7 8=%8
echo %~1 %~n7 %~x7 %~d7 %~p7 [%~6]
echo all %*
exit /b
:shifting
echo %1 %9 %10
shift
echo %1 %9 %0
shift /2
echo %1 %2 %3 %9
echo %*
exit /b
