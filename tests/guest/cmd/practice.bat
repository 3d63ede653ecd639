@echo off
rem tricky things
set "var=a&b|c<d>e"
echo "%var%"
set var
setlocal enabledelayedexpansion
echo !var!
for /f "delims=" %%a in ("x&y") do echo %%a
for %%a in ("q&r") do echo %%~a
set "str=hello"
set "idx=1"
echo !str:~%idx%,3!
for %%i in (2) do echo !str:~%%i!
for /f "tokens=1* delims=:" %%a in ("key:value:more") do echo %%a = %%b
set "list=a b c"
for %%x in (%list%) do set "last=%%x"
echo %last% !last!
if "!last!"=="c" (echo last is c)
set count=0
for %%f in (*.bat) do set /a count+=1
if !count! geq 1 echo counted
call :fn result "some value"
echo %result%
call :len "12345" n
echo len %n%
echo %~f0|findstr /e practice.bat >nul && echo self
where /q cmd && echo found cmd
(
  echo a
  echo b
) | findstr b
>out.txt 2>&1 (
  echo both
  nosuchcmd
)
type out.txt
type nul>empty.txt
for %%z in (empty.txt) do if %%~zz==0 echo empty
for /f "usebackq tokens=*" %%a in (`dir /b ^| findstr /i practice.bat`) do echo got %%a
for /f "tokens=1-3 delims=/ " %%a in ("11/22/2026") do echo %%c-%%a-%%b
if not defined nothing (set nothing=default)
echo %nothing% !nothing!
set /a "bits=(1<<4)|(1<<2)" & echo !bits!
echo end^
 of line
for /l %%n in (1,1,3) do (call :inner %%n || echo failed %%n)
if exist "%~dp0k.bat" echo dp0 works
pushd "%~dp0" && (echo pushed & popd)
goto :main
:fn
set "%~1=%~2"
exit /b
:len
set "s=%~1"
set l=0
:lenloop
if defined s (set "s=!s:~1!" & set /a l+=1 & goto lenloop)
set "%2=%l%"
exit /b
:inner
if %1==2 exit /b 1
exit /b 0
:main
echo main
cmd /c "exit 3" & if errorlevel 3 if not errorlevel 4 echo three
set p=C:\Program Files (x86)\x
if 1==1 (
  echo "%p%"
)
echo %p%
for %%p in ("%p%") do echo %%~nxp
echo %%~dp0 literal
@for %%e in (.c .h) do @echo ext %%e
set "x=1" & set "y=2" && echo %x% !x! !y!
copy /y practice.bat p2.bat >nul 2>&1 && del p2.bat && if not exist p2.bat echo copied and deleted
echo [%~$PATH:3] [%~z0]>nul
echo [%~$PATH:3]
for %%f in (cmd.exe) do echo %%~$PATH:f
for /f tokens^=2^ delims^=^" %%a in ("a"b"c") do echo [%%a]
for /f "tokens=1-2,4*" %%a in ("1 2 3 4 5 6") do echo %%a %%b %%c %%d
for /f "eol=# delims=" %%a in ("#c") do echo [%%a]
for /f "eol= delims=" %%a in (";c") do echo [%%a]
set "pct=100%%"
echo %pct%
set u="in quotes"
echo %u% %u:"=%
set "t= quoted "trailing
echo [%t%]
if [%3]==[] echo no third
echo(
set "e="
echo.%e%
echo a%e%b
exit /b %errorlevel%
